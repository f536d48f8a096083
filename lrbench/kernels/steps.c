/* What the caller asks a build before it uses it; the steps are in steps.h. */
#include "leg.h"

/* The source that this file was built from. */
const char *lrbench_source(void) { return LRBENCH_SOURCE; }

/* The level of the instruction set of this processor: 3 and 4 of x86-64, 1 for any other. The
 * features are those that setup.py lets the compiler use in the build of that level. */
int64_t lrbench_level(void)
{
#if defined(__x86_64__) && defined(__GNUC__)
    __builtin_cpu_init();
    if (!(__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi")
          && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma")))
        return 1;
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
        && __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq")
        && __builtin_cpu_supports("avx512vl") ? 4 : 3;
#else
    return 1;
#endif
}

/* The lanes of the blocks that are fastest where there are many lanes: a sum of 16 lanes is in four
 * registers of AVX2, and in eight without it, which are all that products leave. */
int64_t lrbench_lanes(void)
{
#if defined(__AVX2__)
    return 16;
#else
    return 8;
#endif
}

/* The size of `leg`, by which the caller checks that it means the same fields. */
int64_t lrbench_fields(void) { return (int64_t)sizeof(leg) + ((int64_t)N_NUMBERS << 32); }
