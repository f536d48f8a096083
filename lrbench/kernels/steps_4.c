/* Blocks of 4 lanes. */
#define LANES 4
#include "parts.h"
