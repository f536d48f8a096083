/* Single lanes. */
#define LANES 1
#define STEPS lrbench_steps_1
#define SIZE lrbench_size_1
#include "steps.h"
