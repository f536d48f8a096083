/* Windows of steps in arrays of the columns that the rows of the window touch.
 *
 * The rows of a window have their columns numbered anew, 0, 1, ..., and an intercept behind them.
 * A block copies these columns of the caller's arrays, makes the steps, and copies them back. No
 * bit depends on where a window or a call ends. */
#ifndef LRBENCH_TOUCHED_H
#define LRBENCH_TOUCHED_H
#include "blocks.h"

/* The columns that the rows of a window touch. Those of each step, once each, stand in `visited`;
 * what an intercept has is 0 where there is none. */
typedef struct {
    int32_t *number;     /* of each feature, -1 for none */
    int32_t *features;   /* of each number; the last one is that of the intercept */
    double *reference, *direction; /* at these features */
    int64_t count;       /* of the features without the intercept */
    copied_rows copies;  /* without the intercept */
    double *intercepts;  /* the entry of each row in its column */
    int32_t *visited;
    int64_t *visited_ends, *last; /* the last step that visited each column */
} touched;

/* Whether a step needs no gradient in its columns, but the derivative of its row alone. */
static inline int has_one_row(const leg *a) { return a->one_row && !a->gradient; }

/* Copy a row behind the `used` entries of the copies, as the i-th one, and number its columns. */
static int64_t copy_row(const leg *a, const rows *all, int64_t row, int64_t i, int64_t used,
                        touched *t)
{
    const copied_rows *out = &t->copies;
    const int64_t stop = row_end(all, row + 1);
    double intercept = 0.0;
    for (int64_t k = row_end(all, row); k < stop; k++) {
        const int32_t j = all->columns[k];
        if (j == a->n_penalised) {
            intercept += all->x[k];
            continue;
        }
        if (t->number[j] < 0) {
            t->reference[t->count] = a->reference[j], t->direction[t->count] = a->direction[j];
            t->last[t->count] = -1;
            t->features[t->count] = j, t->number[j] = (int32_t)t->count++;
        }
        out->x[used] = all->x[k], out->columns[used++] = t->number[j];
    }
    t->intercepts[i] = intercept, out->y[i] = all->y[row], out->ends[i + 1] = used;
    return used;
}

/* Copy the rows of as many of `n_steps` steps as fit, and number their columns; return the steps. */
static int64_t number_columns(const leg *a, const rows *all, int64_t n_steps, touched *t)
{
    const copied_rows *out = &t->copies;
    const int64_t size = a->batch_size, d = a->n_penalised;
    int64_t steps = 0, used = 0, n_visited = 0;
    t->count = 0, out->ends[0] = 0, t->visited_ends[0] = 0;
    for (; steps < n_steps && (steps + 1) * size <= out->n_rows; steps++) {
        const int64_t first = steps * size, start = used;
        int64_t entries = 0;
        for (int64_t i = first; i < first + size; i++)
            entries += row_end(all, all->samples[i] + 1) - row_end(all, all->samples[i]);
        if (used + entries > out->n_entries)
            break;
        for (int64_t i = first; i < first + size; i++) {
            if (i + AHEAD < n_steps * size)
                fetch(all, all->samples[i + AHEAD]);
            used = copy_row(a, all, all->samples[i], i, used, t);
        }
        for (int64_t k = start; k < used && !has_one_row(a); k++) {
            const int32_t c = out->columns[k];
            if (t->last[c] != steps)
                t->last[c] = steps, t->visited[n_visited++] = c;
        }
        t->visited_ends[steps + 1] = n_visited;
    }
    for (int64_t c = 0; c < t->count; c++)
        t->number[t->features[c]] = -1;
    t->features[t->count] = (int32_t)d;
    t->reference[t->count] = d < a->n_features ? a->reference[d] : 0.0;
    t->direction[t->count] = d < a->n_features ? a->direction[d] : 0.0;
    return steps;
}

/* Let the arrays of all blocks, and of what their windows touch, be in the workspace. */
static block place_touched(const leg *a, touched *t, size_t *used)
{
    const int64_t size = a->step_entries > COPIED_ENTRIES ? a->step_entries : COPIED_ENTRIES;
    const int64_t n_rows = a->batch_size > COPIED_ROWS ? a->batch_size : COPIED_ROWS;
    const int64_t d = 1 + (size < a->n_features ? size : a->n_features), bytes = sizeof(lanes);
    block k = {.a = a};
    k.n = carve(a, used, N_NUMBERS * bytes);
    k.W = carve(a, used, d * bytes), k.S = carve(a, used, d * bytes);
    k.G = carve(a, used, d * bytes), k.R = carve(a, used, 3 * ROWS * bytes);
    t->copies = carve_rows(a, used, size, n_rows);
    t->intercepts = carve(a, used, n_rows * (int64_t)sizeof(double));
    t->visited = carve(a, used, size * (int64_t)sizeof(int32_t));
    t->visited_ends = carve(a, used, (n_rows + 1) * (int64_t)sizeof(int64_t));
    t->last = carve(a, used, d * (int64_t)sizeof(int64_t));
    t->reference = carve(a, used, d * (int64_t)sizeof(double));
    t->direction = carve(a, used, d * (int64_t)sizeof(double));
    k.features = t->features = carve(a, used, d * (int64_t)sizeof(int32_t));
    t->number = carve(a, used, a->n_features * (int64_t)sizeof(int32_t));
    return k;
}

#endif
