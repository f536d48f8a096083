/* The arrays of blocks: their places in the workspace, and copies from and to the caller. */
#ifndef LRBENCH_BLOCKS_H
#define LRBENCH_BLOCKS_H
#include "gradient.h"
#include "rates.h"

/* Copy `count` rows of an array of the caller, those of some features or the first ones; lanes that
 * it lacks are copies. */
static void load(const block *k, lanes *restrict to, const double *from, int64_t count,
                 const int32_t *features)
{
    for (int64_t c = 0; c < count; c++) {
        const double *row = from + (features ? features[c] : c) * k->a->n_lanes + k->first;
        if (k->width == LANES)
            memcpy(to + c, row, sizeof(lanes));
        else
            for (int64_t l = 0; l < LANES; l++)
                to[c].at[l] = row[l < k->width ? l : k->width - 1];
    }
}

/* Copy the rows to the caller, but for the lanes that have diverged. */
static void store(const block *k, double *to, const lanes *restrict from, int64_t count,
                  const int32_t *features)
{
    int whole = k->width == LANES;
    for (int64_t l = 0; l < k->width; l++)
        whole &= k->a->diverged[k->first + l] < 0;
    for (int64_t c = 0; c < count; c++) {
        double *row = to + (features ? features[c] : c) * k->a->n_lanes + k->first;
        if (whole)
            memcpy(row, from + c, sizeof(lanes));
        else
            for (int64_t l = 0; l < k->width; l++)
                if (k->a->diverged[k->first + l] < 0)
                    row[l] = from[c].at[l];
    }
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
 * becomes the bytes of both. They share G unless the caller adds the part of the block to it. */
static block place(const leg *a, int64_t b, size_t *used, copied_rows *copies)
{
    const int64_t d = a->n_features, arrays = 2 + (a->mean != NULL) + (a->square != NULL);
    const int64_t vectors = arrays * d + N_NUMBERS, bytes = sizeof(lanes);
    block k = {.a = a, .first = a->first[b], .width = a->width[b], .n_columns = d};
    k.n = carve(a, used, a->n_blocks * vectors * bytes);
    if (k.n) {
        k.n += b * vectors, k.W = k.n + N_NUMBERS, k.S = k.W + d;
        k.M = a->mean ? k.S + d : NULL, k.V = a->square ? k.n + vectors - d : NULL;
    }
    k.G = carve(a, used, a->n_blocks * d * bytes), k.R = carve(a, used, 2 * ROWS * bytes);
    *copies = carve_rows(a, used, COPIED_ENTRIES, COPIED_ROWS);
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

static void load_block(const block *k)
{
    const leg *a = k->a;
    load(k, k->W, a->W, a->n_features, NULL);
    load(k, k->S, a->running_sum, a->n_features, NULL);
    load(k, k->n, a->numbers, N_NUMBERS, NULL);
    if (k->M)
        load(k, k->M, a->mean, a->n_features, NULL);
    if (k->V)
        load(k, k->V, a->square, a->n_features, NULL);
}

static void store_block(const block *k)
{
    const leg *a = k->a;
    store(k, a->W, k->W, a->n_features, NULL);
    store(k, a->running_sum, k->S, a->n_features, NULL);
    store(k, a->numbers, k->n, N_STATE, NULL);
    if (k->M)
        store(k, a->mean, k->M, a->n_features, NULL);
    if (k->V)
        store(k, a->square, k->V, a->n_features, NULL);
}

#endif
