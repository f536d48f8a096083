/* The gradient of the objective on a minibatch, and the constraints. */
#ifndef LRBENCH_GRADIENT_H
#define LRBENCH_GRADIENT_H
#include "lanes.h"

/* So many rows have their scores before their derivatives are multiplied by them. */
enum { ROWS = 32 };

/* Dense rows that are scored together, as the additions of one row wait for each other: as many as
 * registers can hold the sums of. */
enum { SIDE_BY_SIDE = PARTS == 1 ? 4 : PARTS == 2 ? 2 : 1 };

/* The case of a loss: what becomes of the score z[e] with the target y[e]. */
#define EACH_OF(code, value)                      \
    case code:                                    \
        _Pragma("omp simd")                       \
        for (int64_t e = 0; e < size; e++)        \
            z[e] = value;                         \
        break;

/* Turn the scores of some rows into derivatives of their losses, times `share`; y are the targets
 * of these numbers. */
static inline void derive(const leg *a, lanes *Z, const lanes *Y, int64_t count, double share)
{
    const double c = a->loss_parameter, *restrict y = Y->at;
    double *restrict z = Z->at;
    const int64_t size = count * LANES;
    switch (a->loss) {
    EACH_OF(LOGISTIC, -y[e] / (1.0 + exponential(z[e] * y[e])) * share)
    EACH_OF(SQUARED, (z[e] - y[e]) * share)
    EACH_OF(HINGE, z[e] * y[e] < 1.0 ? -y[e] * share : 0.0)
    EACH_OF(SQUARED_HINGE, largest(1.0 - z[e] * y[e], 0.0) * -y[e] * share)
    EACH_OF(ABSOLUTE, sign(z[e] - y[e]) * share)
    EACH_OF(QUANTILE, (z[e] - y[e] > 0.0 ? 1.0 - c : z[e] - y[e] < 0.0 ? -c : 0.0) * share)
    EACH_OF(HUBER, smallest(largest(z[e] - y[e], -c), c) * share)
    EACH_OF(POISSON, (exponential(z[e]) - y[e]) * share)
    }
}

/* The scores of a sparse row: the sum of its even entries and that of the odd ones. */
static inline lanes sparse_score(const rows *r, int64_t row, const lanes *restrict W)
{
    const int64_t stop = row_end(r, row + 1);
    const double *x = r->x;
    const int32_t *columns = r->columns;
    lanes even = NONE, odd = NONE;
    int64_t k = row_end(r, row);
    for (; k + 1 < stop; k += 2) {
        const lanes *w = W + columns[k], *v = W + columns[k + 1];
        EACH_PART even.part[h] += x[k] * w->part[h];
        EACH_PART odd.part[h] += x[k + 1] * v->part[h];
    }
    if (k < stop)
        EACH_PART even.part[h] += x[k] * W[columns[k]].part[h];
    EACH_PART even.part[h] += odd.part[h];
    return even;
}

/* Write the scores of `count` dense rows to Z; one that is missing at the end is the last again. As
 * with sparse rows the even columns have a sum and the odd ones another, which are those of a pair
 * of numbers where there is a single lane. */
static inline void dense_scores(const rows *r, int64_t d, int64_t from, int64_t count,
                                const lanes *restrict W, lanes *restrict Z)
{
    for (int64_t i = 0; i < count; i += SIDE_BY_SIDE) {
        const int64_t n = count - i < SIDE_BY_SIDE ? count - i : SIDE_BY_SIDE;
        const double *x[SIDE_BY_SIDE];
        for (int s = 0; s < SIDE_BY_SIDE; s++)
            x[s] = r->x + row_of(r, from + i + (s < n ? s : n - 1)) * d;
#if LANES == 1 && NATIVE > 1
        pair z[SIDE_BY_SIDE] = {{0.0}};
        int64_t j = 0;
        for (; j + 2 <= d; j += 2)
            for (int s = 0; s < SIDE_BY_SIDE; s++)
                z[s] += pair_at(x[s] + j) * pair_at(W[j].at);
        for (int s = 0; s < n; s++)
            Z[i + s].at[0] = z[s][0] + (j < d ? x[s][j] * W[j].at[0] : 0.0) + z[s][1];
#else
        lanes even[SIDE_BY_SIDE], odd[SIDE_BY_SIDE];
        for (int s = 0; s < SIDE_BY_SIDE; s++)
            even[s] = odd[s] = NONE;
        int64_t j = 0;
        for (; j + 2 <= d; j += 2)
            for (int s = 0; s < SIDE_BY_SIDE; s++) {
                EACH_PART even[s].part[h] += x[s][j] * W[j].part[h];
                EACH_PART odd[s].part[h] += x[s][j + 1] * W[j + 1].part[h];
            }
        for (int s = 0; j < d && s < SIDE_BY_SIDE; s++)
            EACH_PART even[s].part[h] += x[s][j] * W[j].part[h];
        for (int s = 0; s < n; s++)
            EACH_PART Z[i + s].part[h] = even[s].part[h] + odd[s].part[h];
#endif
    }
}

/* Add the rows times their derivatives R to G, one row after the other. */
static inline void add_dense_rows(const rows *r, int64_t d, int64_t from, int64_t count,
                                  const lanes *restrict R, lanes *restrict G)
{
    int64_t i = 0;
    for (; i + 2 <= count; i += 2) {
        const double *x = r->x + row_of(r, from + i) * d;
        const double *next = r->x + row_of(r, from + i + 1) * d;
        const lanes own = R[i], of_next = R[i + 1];
        for (int64_t j = 0; j < d; j++)
            EACH_PART {
                vector g = G[j].part[h] + x[j] * own.part[h];
                G[j].part[h] = g + next[j] * of_next.part[h];
            }
    }
    if (i < count) {
        const double *x = r->x + row_of(r, from + i) * d;
        const lanes own = R[i];
        for (int64_t j = 0; j < d; j++)
            EACH_PART G[j].part[h] += x[j] * own.part[h];
    }
}

static inline void add_sparse_row(const rows *r, int64_t row, lanes own, lanes *restrict G)
{
    const int64_t stop = row_end(r, row + 1);
    for (int64_t k = row_end(r, row); k < stop; k++)
        EACH_PART G[r->columns[k]].part[h] += r->x[k] * own.part[h];
}

/* Write the scores of `count` of these rows to Z, and their targets to Y; at most ROWS of them. */
static inline void score_rows(const block *k, const rows *r, int64_t from, int64_t count, lanes *Z,
                              lanes *Y)
{
    if (r->columns)
        for (int64_t i = 0; i < count; i++)
            Z[i] = sparse_score(r, row_of(r, from + i), k->W);
    else
        dense_scores(r, k->a->n_features, from, count, k->W, Z);
    for (int64_t i = 0; i < count; i++)
        Y[i] = copies(r->y[row_of(r, from + i)]);
}

/* Add the gradient of the mean loss of a step, as far as its first `n_rows` rows make it, to G. */
static void add_gradient(const block *k, const rows *r, int64_t n_rows)
{
    const leg *a = k->a;
    const double share = 1.0 / (double)a->batch_size;
    lanes *R = k->R, *Y = R + ROWS;
    for (int64_t from = 0; from < n_rows; from += ROWS) {
        const int64_t count = n_rows - from < ROWS ? n_rows - from : ROWS;
        score_rows(k, r, from, count, R, Y);
        derive(a, R, Y, count, share);
        if (r->columns)
            for (int64_t i = 0; i < count; i++)
                add_sparse_row(r, row_of(r, from + i), R[i], k->G);
        else
            add_dense_rows(r, a->n_features, from, count, R, k->G);
    }
}

/* Measure the distances of all lanes. */
static void measure_distances(const leg *a, const lanes *restrict W, lanes *n)
{
    lanes distance = NONE;
    for (int64_t j = 0; a->w_star && j < a->n_features; j++)
        EACH_PART {
            vector u = W[j].part[h] - a->w_star[j];
            distance.part[h] += u * u;
        }
    if (a->w_star)
        n[DISTANCE] = distance;
}

/* Project on the bounds and then on the ball. */
static void confine(const leg *a, lanes *W)
{
    const int64_t d = a->n_features;
    for (int64_t j = 0; a->lower && j < d; j++)
        EACH_LANE W[j].at[l] = smallest(largest(W[j].at[l], a->lower[j]), a->upper[j]);
    if (!a->centre)
        return;
    lanes distance = NONE;
    for (int64_t j = 0; j < d; j++)
        EACH_PART {
            vector u = W[j].part[h] - a->centre[j];
            distance.part[h] += u * u;
        }
    for (int l = 0; l < LANES; l++) {
        const double length = sqrt(distance.at[l]);
        for (int64_t j = 0; length > a->radius && j < d; j++)
            W[j].at[l] = a->centre[j] + (W[j].at[l] - a->centre[j]) * (a->radius / length);
    }
}

#endif
