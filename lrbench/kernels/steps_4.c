/* Blocks of 4 lanes. */
#define LANES 4
#define STEPS lrbench_steps_4
#define SIZE lrbench_size_4
#define PARTS_SIZE lrbench_parts_size_4
#define PARTS_OF_STEP lrbench_parts_4
#include "parts.h"
