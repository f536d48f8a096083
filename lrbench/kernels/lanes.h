/* Numbers of LANES lanes that stand beside each other; LANES is defined by the file that includes
 * this one. Every operation is one lane by lane, and a * b + c is never contracted: a lane has the
 * same bits whatever stands beside it, however many lanes a block has, and whatever instructions a
 * compiler chooses. What costs time is written as sums and products of vectors, the rest as loops
 * over the lanes that compilers turn into vectors. */
#ifndef LRBENCH_LANES_H
#define LRBENCH_LANES_H
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "elementary.h"
#include "rows.h"

/* Vectors as wide as the processor has them: compilers make poor code of wider ones. */
#if !defined(__GNUC__)
#define NATIVE 1
#elif defined(__AVX512F__)
#define NATIVE 8
#elif defined(__AVX2__)
#define NATIVE 4
#else
#define NATIVE 2
#endif
#if NATIVE > LANES
#define WIDTH LANES
#else
#define WIDTH NATIVE
#endif
#if WIDTH > 1
typedef double vector __attribute__((vector_size(8 * WIDTH)));
#else
typedef double vector;
#endif

#if NATIVE > 1
/* Two numbers that stand behind each other. */
typedef double pair __attribute__((vector_size(16)));

static inline pair pair_at(const double *x)
{
    pair out;
    memcpy(&out, x, sizeof out);
    return out;
}
#endif

enum { PARTS = LANES / WIDTH };

/* A number for each lane. */
typedef union {
    vector part[PARTS];
    double at[LANES];
} lanes;

/* The name of a function for blocks of so many lanes. */
#define JOINED(name, lanes) name##_##lanes
#define WITH_LANES(name, lanes) JOINED(name, lanes)
#define NAMED(name) WITH_LANES(name, LANES)

#define EACH_PART _Pragma("GCC unroll 8") for (int h = 0; h < PARTS; h++)
#define EACH_LANE _Pragma("omp simd") for (int l = 0; l < LANES; l++)

static const lanes NONE = {.at = {0.0}};

/* The lanes of a block, and what its steps work in. */
typedef struct {
    const leg *a;
    int64_t first, width;    /* its lanes in the arrays of the caller */
    rows r;                  /* those of its seed, from the first step of a window on */
    lanes *W, *S, *n;        /* iterate, running sum, numbers */
    lanes *M, *V;            /* means of the gradients and of their squares; NULL without */
    lanes *G, *R;            /* gradient; numbers of some rows. All blocks have the same */
    int64_t n_columns;       /* of these arrays */
    const int32_t *features; /* the feature of each column; NULL where the columns are all features */
    lanes pending;           /* the rates of a step along G that W has yet to take */
} block;

/* Whether a lane is marked by a 1; others are marked by a 0. */
static inline int any(const lanes *marks)
{
    int64_t found = 0;
    _Pragma("omp simd reduction(| : found)") for (int l = 0; l < LANES; l++)
        found |= bits_of(marks->at[l]);
    return found != 0;
}

static inline lanes copies(double value)
{
    lanes out = NONE;
    EACH_LANE out.at[l] = value;
    return out;
}

/* One of the two factors of a step: see `factors`. */
static inline lanes factor(const block *k, int row, int64_t step)
{
    const leg *a = k->a;
    const int64_t index = row * a->factor_stride + step;
    if (!a->factors)
        return copies(1.0);
    if (!a->lane_factors)
        return copies(a->factors[index]);
    lanes out = NONE;
    for (int64_t l = 0; l < LANES; l++)
        out.at[l] = a->factors[index * a->n_lanes + k->first + (l < k->width ? l : k->width - 1)];
    return out;
}

#endif
