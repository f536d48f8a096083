/* Blocks of 16 lanes. */
#define LANES 16
#include "parts.h"
