/* Blocks of 16 lanes. */
#define LANES 16
#define STEPS lrbench_steps_16
#define SIZE lrbench_size_16
#define PARTS_SIZE lrbench_parts_size_16
#define PARTS_OF_STEP lrbench_parts_16
#include "parts.h"
