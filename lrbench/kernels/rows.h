/* The rows of minibatches: where they lie in X, or copies that lie behind each other. */
#ifndef LRBENCH_ROWS_H
#define LRBENCH_ROWS_H
#include <string.h>

#include "leg.h"

/* Rows of X by their numbers. */
typedef struct {
    const double *x, *y;
    const int32_t *columns;
    const void *ends;
    int64_t wide_ends;
    const int64_t *samples; /* the numbers of the rows; NULL where they are `first`, first + 1, ... */
    int64_t first;
} rows;

/* Room for copies. Rows are far from each other in the memory, where a block would wait for each of
 * them; all blocks of a seed read the copies. */
enum { COPIED_ENTRIES = 1 << 13, COPIED_ROWS = 1 << 11 };

/* A row is asked for so many rows before it is copied. */
enum { AHEAD = 16 };

typedef struct {
    double *x, *y;
    int64_t *ends;
    int32_t *columns;
    int64_t n_entries, n_rows; /* for which there is room */
} copied_rows;

static inline int64_t row_end(const rows *r, int64_t row)
{
    return r->wide_ends ? ((const int64_t *)r->ends)[row]
                        : (int64_t)((const int32_t *)r->ends)[row];
}

/* The number of the i-th row of a step. */
static inline int64_t row_of(const rows *r, int64_t i)
{
    return r->samples ? r->samples[i] : r->first + i;
}

/* Ask for a row that is copied later. Compilers drop the call of a function that only asks, unless
 * they must inline it. */
#if defined(__GNUC__)
static inline __attribute__((always_inline)) void fetch(const rows *r, int64_t row)
{
    const int64_t k = row_end(r, row), last = row_end(r, row + 1) - 1;
    __builtin_prefetch(r->x + k);
    __builtin_prefetch(r->x + k + 8);
    __builtin_prefetch(r->x + last);
    __builtin_prefetch(r->columns + k);
    __builtin_prefetch(r->columns + last);
    __builtin_prefetch(r->y + row);
}
#else
static inline void fetch(const rows *r, int64_t row) { (void)r, (void)row; }
#endif

static inline rows rows_of_copies(const copied_rows *out, int sparse)
{
    return (rows){.x = out->x, .y = out->y, .columns = sparse ? out->columns : NULL,
                  .ends = out->ends, .wide_ends = 1};
}

/* The rows of some steps, copied to `out` where they fit. */
static rows copied(const leg *a, rows r, int64_t count, const copied_rows *out)
{
    const int64_t d = a->n_features;
    int64_t used = 0;
    if (!r.samples || count > out->n_rows || (!r.columns && count * d > out->n_entries))
        return r;
    out->ends[0] = 0;
    for (int64_t i = 0; i < count; i++) {
        const int64_t row = r.samples[i];
        int64_t start = row * d, size = d;
        if (r.columns) {
            if (i + AHEAD < count)
                fetch(&r, r.samples[i + AHEAD]);
            start = row_end(&r, row), size = row_end(&r, row + 1) - start;
            if (used + size > out->n_entries)
                return r;
            for (int64_t k = 0; k < size; k++)
                out->columns[used + k] = r.columns[start + k];
        }
        for (int64_t k = 0; k < size; k++)
            out->x[used + k] = r.x[start + k];
        out->y[i] = r.y[row];
        out->ends[i + 1] = used += size;
    }
    return rows_of_copies(out, r.columns != NULL);
}

/* The rows of the step that comes `count` rows later. */
static inline rows later(rows r, int64_t count)
{
    if (r.samples)
        r.samples += count;
    else
        r.first += count;
    return r;
}

#endif
