/* Blocks of 1 lane. */
#define LANES 1
#include "parts.h"
