/* Single lanes. */
#define LANES 1
#define STEPS lrbench_steps_1
#define SIZE lrbench_size_1
#define PARTS_SIZE lrbench_parts_size_1
#define PARTS_OF_STEP lrbench_parts_1
#include "parts.h"
