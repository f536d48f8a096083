/* Windows of steps on wide data, in arrays of the columns that the rows of the window touch.
 *
 * The caller's W and running sum are the v and S of shrunk.h, and `scales` has the numbers beside
 * them: between calls nothing is multiplied out. The rows of a window have their columns numbered
 * anew, 0, 1, ..., and an intercept behind them. A block copies these columns of v and S, makes the
 * steps, and copies them back. No bit depends on where a window or a call ends. */
#ifndef LRBENCH_TOUCHED_H
#define LRBENCH_TOUCHED_H
#include "shrunk.h"

/* The entries of a window, if a step has no more: three arrays of their columns stay in the cache. */
enum { TOUCHED_ENTRIES = 1 << 13 };

/* The columns that the rows of a window touch. */
typedef struct {
    int32_t *number;   /* of each feature, -1 for none */
    int32_t *features; /* of each number */
    double *reference, *direction; /* at these features */
    int64_t count, n_shrunk;
    copied_rows copies;
} touched;

/* Copy a step's rows behind the `used` entries of the copies, and number their columns; return the
 * entries then used, or -1 where there is no room. The intercept's number is -1 yet. */
static int64_t copy_step(const leg *a, const rows *all, int64_t step, int64_t used, touched *t)
{
    const copied_rows *out = &t->copies;
    const int64_t size = a->batch_size, count = t->count;
    if ((step + 1) * size > out->n_rows)
        return -1;
    for (int64_t i = step * size; i < (step + 1) * size; i++) {
        const int64_t row = all->samples[i], start = row_end(all, row), stop = row_end(all, row + 1);
        if (used + stop - start > out->n_entries) { /* as before the step */
            while (t->count > count)
                t->number[t->features[--t->count]] = -1;
            return -1;
        }
        for (int64_t k = start; k < stop; k++) {
            const int32_t j = all->columns[k];
            if (j < a->n_penalised && t->number[j] < 0) {
                t->reference[t->count] = a->reference[j], t->direction[t->count] = a->direction[j];
                t->features[t->count] = j, t->number[j] = (int32_t)t->count++;
            }
            out->x[used] = all->x[k], out->columns[used++] = t->number[j];
        }
        out->y[i] = all->y[row], out->ends[i + 1] = used;
    }
    return used;
}

/* Copy the rows of as many of `n_steps` steps as fit, and number their columns; return the steps. */
static int64_t number_columns(const leg *a, const rows *all, int64_t n_steps, touched *t)
{
    int64_t steps = 0, used = 0, next;
    t->count = 0, t->copies.ends[0] = 0;
    while (steps < n_steps && (next = copy_step(a, all, steps, used, t)) >= 0)
        used = next, steps++;
    for (int64_t c = 0; c < t->count; c++)
        t->number[t->features[c]] = -1;
    t->n_shrunk = t->count;
    if (a->n_penalised < a->n_features) {
        const int64_t j = a->n_penalised;
        t->reference[t->count] = a->reference[j], t->direction[t->count] = a->direction[j];
        t->features[t->count] = (int32_t)j;
        for (int64_t k = 0; k < used; k++)
            if (t->copies.columns[k] < 0)
                t->copies.columns[k] = (int32_t)t->count;
        t->count++;
    }
    return steps;
}

/* Copy the touched columns of an array of the caller; lanes that it lacks are copies. */
static void gather(const block *k, lanes *restrict to, const double *from)
{
    const int64_t n_lanes = k->a->n_lanes;
    from += k->first;
    for (int64_t c = 0; c < k->n_columns; c++) {
        const double *row = from + k->features[c] * n_lanes;
#if defined(__GNUC__)
        if (c + 8 < k->n_columns)
            __builtin_prefetch(from + k->features[c + 8] * n_lanes);
#endif
        if (k->width == LANES)
            memcpy(to + c, row, sizeof(lanes));
        else
            for (int64_t l = 0; l < LANES; l++)
                to[c].at[l] = row[l < k->width ? l : k->width - 1];
    }
}

/* Copy the touched columns to the caller, but for the lanes that have diverged. */
static void scatter(const block *k, double *to, const lanes *restrict from)
{
    const int64_t n_lanes = k->a->n_lanes;
    int whole = k->width == LANES;
    for (int64_t l = 0; l < k->width; l++)
        whole &= k->a->diverged[k->first + l] < 0;
    to += k->first;
    for (int64_t c = 0; c < k->n_columns; c++) {
        double *row = to + k->features[c] * n_lanes;
        if (whole)
            memcpy(row, from + c, sizeof(lanes));
        else
            for (int64_t l = 0; l < k->width; l++)
                if (k->a->diverged[k->first + l] < 0)
                    row[l] = from[c].at[l];
    }
}

/* Begin anew with v = w in the caller's arrays, in all columns, for the lanes that are marked by a
 * 1, and measure the products there. A lane that has diverged stays what it is. */
static void fold(const block *k, shrunk *u, const lanes *marks)
{
    const leg *a = k->a;
    int which[LANES], n = 0;
    for (int l = 0; l < k->width; l++)
        if (marks->at[l] > 0.0 && a->diverged[k->first + l] < 0)
            which[n++] = l;
    for (int i = 0; i < n; i++)
        u->norm.at[which[i]] = u->of_star.at[which[i]] = u->of_direction.at[which[i]] = 0.0;
    for (int64_t j = 0; j < a->n_penalised; j++)
        for (int i = 0; i < n; i++) {
            const int l = which[i];
            const int64_t at = j * a->n_lanes + k->first + l;
            a->running_sum[at] += u->sum.at[l] * a->W[at];
            double w = a->W[at] *= u->scale.at[l];
            u->norm.at[l] += w * w;
            u->of_star.at[l] += a->reference[j] * w;
            u->of_direction.at[l] += a->direction[j] * w;
        }
    for (int i = 0; i < n; i++) {
        u->scale.at[which[i]] = 1.0, u->sum.at[which[i]] = 0.0;
        u->peak.at[which[i]] = u->norm.at[which[i]];
    }
    for (int64_t j = 0; j < N_SCALES; j++) /* lanes that the caller lacks are copies */
        for (int64_t l = k->width; l < LANES; l++)
            ((lanes *)u)[j].at[l] = ((lanes *)u)[j].at[k->width - 1];
}

/* The same inside a window. */
static void fold_touched(const block *k, shrunk *u, const lanes *marks)
{
    scatter(k, k->a->W, k->W);
    scatter(k, k->a->running_sum, k->S);
    fold(k, u, marks);
    gather(k, k->W, k->a->W);
    gather(k, k->S, k->a->running_sum);
}

#endif
