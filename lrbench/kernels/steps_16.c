/* Blocks of 16 lanes. */
#define LANES 16
#define STEPS lrbench_steps_16
#define SIZE lrbench_size_16
#include "steps.h"
