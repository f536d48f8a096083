/* Blocks of 8 lanes. */
#define LANES 8
#define STEPS lrbench_steps_8
#define SIZE lrbench_size_8
#define PARTS_SIZE lrbench_parts_size_8
#define PARTS_OF_STEP lrbench_parts_8
#include "parts.h"
