/* Blocks of 4 lanes. */
#define LANES 4
#define STEPS lrbench_steps_4
#define SIZE lrbench_size_4
#include "steps.h"
