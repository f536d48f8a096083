/* Blocks of 8 lanes. */
#define LANES 8
#define STEPS lrbench_steps_8
#define SIZE lrbench_size_8
#include "steps.h"
