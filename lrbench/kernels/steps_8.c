/* Blocks of 8 lanes. */
#define LANES 8
#include "parts.h"
