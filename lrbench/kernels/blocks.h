/* The arrays of blocks: their places in the workspace, and copies from and to the caller. */
#ifndef LRBENCH_BLOCKS_H
#define LRBENCH_BLOCKS_H
#include "few_columns.h"

/* Copy `rows` rows of LANES lanes from an array of the caller; lanes that it lacks are copies. */
static void load(const block *k, lanes *out, const double *from, int64_t rows)
{
    for (int64_t j = 0; j < rows; j++)
        for (int64_t l = 0; l < LANES; l++) {
            const int64_t lane = k->first + (l < k->width ? l : k->width - 1);
            out[j].at[l] = from[j * k->a->n_lanes + lane];
        }
}

/* Copy rows to the caller, but for the lanes that have diverged. */
static void store(const block *k, double *to, const lanes *from, int64_t rows)
{
    for (int64_t j = 0; j < rows; j++)
        for (int64_t l = 0; l < k->width; l++)
            if (k->a->diverged[k->first + l] < 0)
                to[j * k->a->n_lanes + k->first + l] = from[j].at[l];
}

/* Return room for so many bytes behind the `used` ones of the workspace; NULL where it has none yet. */
static void *carve(const leg *a, size_t *used, int64_t bytes)
{
    const size_t at = *used;
    *used += ((size_t)bytes + 63) / 64 * 64;
    return a->workspace ? (char *)a->workspace + at : NULL;
}

static copied_rows carve_rows(const leg *a, size_t *used, int64_t n_entries, int64_t n_rows)
{
    copied_rows out = {.n_entries = n_entries, .n_rows = n_rows};
    out.x = carve(a, used, n_entries * (int64_t)sizeof(double));
    out.y = carve(a, used, n_rows * (int64_t)sizeof(double));
    out.ends = carve(a, used, (n_rows + 1) * (int64_t)sizeof(int64_t));
    out.columns = carve(a, used, n_entries * (int64_t)sizeof(int32_t));
    return out;
}

/* Let the arrays of a block be in its part of the workspace, behind which is what all share; `used`
 * becomes the bytes of both. */
static block place(const leg *a, int64_t b, int64_t resident, size_t *used)
{
    const int64_t d = a->n_features, arrays = 2 + (a->mean != NULL) + (a->square != NULL);
    const int64_t vectors = arrays * d + N_NUMBERS + N_SCALES, bytes = sizeof(lanes);
    block k = {.a = a, .first = a->first[b], .width = a->width[b], .n_columns = d,
               .n_shrunk = a->l2 != 0.0 ? a->n_penalised : d,
               .reference = a->reference, .direction = a->direction};
    lanes *own = carve(a, used, resident * vectors * bytes);
    if (own)
        own += b % resident * vectors;
    k.n = own, k.u = own ? (shrunk *)(own + N_NUMBERS) : NULL;
    k.W = own ? own + N_NUMBERS + N_SCALES : NULL, k.S = own ? k.W + d : NULL;
    k.M = own && a->mean ? k.S + d : NULL;
    k.V = own && a->square ? own + vectors - d : NULL;
    k.G = carve(a, used, d * bytes), k.R = carve(a, used, 3 * ROWS * bytes);
    k.visited = carve(a, used, (d + 1) * (int64_t)sizeof(int64_t));
    k.stamps = carve(a, used, d * (int64_t)sizeof(int64_t));
    return k;
}

/* The same where a window has its own columns: a block has no part of its own. */
static block place_touched(const leg *a, touched *t, size_t *used)
{
    const int64_t size = a->step_entries > TOUCHED_ENTRIES ? a->step_entries : TOUCHED_ENTRIES;
    const int64_t n_rows = a->batch_size > COPIED_ROWS ? a->batch_size : COPIED_ROWS;
    const int64_t d = 1 + (size < a->n_features ? size : a->n_features), bytes = sizeof(lanes);
    block k = {.a = a};
    k.n = carve(a, used, N_NUMBERS * bytes);
    k.W = carve(a, used, d * bytes), k.S = carve(a, used, d * bytes);
    k.G = carve(a, used, d * bytes), k.R = carve(a, used, 3 * ROWS * bytes);
    k.visited = carve(a, used, (d + 1) * (int64_t)sizeof(int64_t));
    k.stamps = carve(a, used, d * (int64_t)sizeof(int64_t));
    t->copies = carve_rows(a, used, size, n_rows);
    k.reference = t->reference = carve(a, used, d * (int64_t)sizeof(double));
    k.direction = t->direction = carve(a, used, d * (int64_t)sizeof(double));
    k.features = t->features = carve(a, used, d * (int64_t)sizeof(int32_t));
    t->number = carve(a, used, a->n_features * (int64_t)sizeof(int32_t));
    return k;
}

/* The rows of a seed from a step on. */
static rows rows_of(const leg *a, int64_t seed, int64_t step)
{
    rows r = {.x = a->x, .y = a->y, .columns = a->columns, .ends = a->row_ends};
    r.wide_ends = a->wide_ends;
    if (a->samples)
        r.samples = a->samples + seed * a->sample_stride + step * a->batch_size;
    return r;
}

/* The steps of a window: its end may change the last bits of steps that visit few columns. */
static int64_t window_steps(const leg *a)
{
    if (a->few_columns)
        return WINDOW_STEPS;
    const int64_t of_rows = COPIED_ROWS / a->batch_size;
    const int64_t of_entries = COPIED_ENTRIES / (a->batch_size * a->row_entries);
    const int64_t steps = of_rows < of_entries ? of_rows : of_entries;
    return steps < 1 ? 1 : steps;
}

/* The blocks that stay in the workspace: all, or one where each has but one window. */
static int64_t n_resident(const leg *a)
{
    return a->n_steps <= window_steps(a) - (a->few_columns ? a->t % WINDOW_STEPS : 0)
        ? 1 : a->n_blocks;
}

int64_t SIZE(const leg *a)
{
    size_t used = 0;
    touched t;
    if (a->scales) {
        place_touched(a, &t, &used);
        return (int64_t)used;
    }
    place(a, 0, n_resident(a), &used);
    carve_rows(a, &used, COPIED_ENTRIES, COPIED_ROWS);
    return (int64_t)used;
}

static void load_block(const block *k)
{
    const leg *a = k->a;
    load(k, k->W, a->W, a->n_features);
    load(k, k->S, a->running_sum, a->n_features);
    load(k, k->n, a->numbers, N_NUMBERS);
    if (k->M)
        load(k, k->M, a->mean, a->n_features);
    if (k->V)
        load(k, k->V, a->square, a->n_features);
}

static void store_block(const block *k)
{
    const leg *a = k->a;
    store(k, a->W, k->W, a->n_features);
    store(k, a->running_sum, k->S, a->n_features);
    store(k, a->numbers, k->n, N_STATE);
    if (k->M)
        store(k, a->mean, k->M, a->n_features);
    if (k->V)
        store(k, a->square, k->V, a->n_features);
}

#endif
