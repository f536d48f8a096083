/* Steps that visit only the columns of their rows: see shrunk.h. */
#ifndef LRBENCH_FEW_COLUMNS_H
#define LRBENCH_FEW_COLUMNS_H
#include "gradient.h"
#include "rates.h"
#include "touched.h"

/* Return the scores of a row, and add those of its intercept to `rest`. */
static inline lanes shrunk_score(const block *k, const rows *r, int64_t row, lanes *rest)
{
    const lanes *restrict W = k->W;
    const int64_t p = k->n_shrunk, stop = row_end(r, row + 1);
    if (p == k->n_columns)
        return sparse_score(r, row, W);
    lanes z = NONE;
    for (int64_t e = row_end(r, row); e < stop; e++) {
        const int64_t j = r->columns[e];
        if (j < p)
            EACH_PART z.part[h] += r->x[e] * W[j].part[h];
        else
            EACH_PART rest->part[h] += r->x[e] * W[j].part[h];
    }
    return z;
}

/* Add a row times its derivatives to G, and the columns that no row of the step had before. */
static inline int64_t add_row(const block *k, const rows *r, int64_t row, lanes own, int64_t stamp,
                              int64_t count)
{
    lanes *restrict G = k->G;
    const int64_t p = k->n_shrunk, stop = row_end(r, row + 1);
    for (int64_t e = row_end(r, row); e < stop; e++) {
        const int64_t j = r->columns[e];
        EACH_PART G[j].part[h] += r->x[e] * own.part[h];
        k->visited[count] = j;
        count += k->stamps[j] != stamp && j < p;
        k->stamps[j] = stamp;
    }
    return count;
}

/* The gradient h of the loss at the shrunk coordinates: |h|^2, <h, w>, <h, w_star> and <direction, h>.
 * It is in the visited columns of G, or where the step has one row, that row times `own`. */
typedef struct {
    lanes norm, of_W, of_star, of_direction, own;
    lanes of_intercept;
    int64_t n_columns;
} visited;

/* Visit the rows of a step, the shrunk parts of whose scores are P. */
static visited visit_rows(const block *k, const rows *r, const shrunk *u, int64_t stamp)
{
    const leg *a = k->a;
    const double share = 1.0 / (double)a->batch_size;
    const lanes scale = u->scale;
    lanes *R = k->R, *Y = R + ROWS, *P = Y + ROWS, *restrict G = k->G;
    lanes norm = NONE, of_W = NONE, of_star = NONE, of_direction = NONE;
    int64_t n_columns = 0;
    for (int64_t from = 0; from < a->batch_size; from += ROWS) {
        const int64_t count = a->batch_size - from < ROWS ? a->batch_size - from : ROWS;
        for (int64_t i = 0; i < count; i++) {
            lanes rest = NONE;
            const lanes z = shrunk_score(k, r, row_of(r, from + i), &rest);
            EACH_PART P[i].part[h] = scale.part[h] * z.part[h];
            EACH_PART R[i].part[h] = P[i].part[h] + rest.part[h];
            Y[i] = copies(r->y[row_of(r, from + i)]);
        }
        derive(a, R, Y, count, share);
        for (int64_t i = 0; i < count; i++) {
            EACH_PART of_W.part[h] += R[i].part[h] * P[i].part[h];
            n_columns = add_row(k, r, row_of(r, from + i), R[i], stamp, n_columns);
        }
    }
    for (int64_t c = 0; c < n_columns; c++) {
        const int64_t j = k->visited[c];
        EACH_PART {
            norm.part[h] += G[j].part[h] * G[j].part[h];
            of_star.part[h] += k->reference[j] * G[j].part[h];
            of_direction.part[h] += k->direction[j] * G[j].part[h];
        }
    }
    visited v = {norm, of_W, of_star, of_direction, NONE, NONE, n_columns};
    if (k->n_shrunk < k->n_columns)
        v.of_intercept = G[k->n_shrunk], G[k->n_shrunk] = NONE;
    return v;
}

/* Visit the only row of a step: the sums over its entries are the same for all lanes. */
static visited visit_row(const block *k, const rows *r, const shrunk *u)
{
    const leg *a = k->a;
    const int64_t row = row_of(r, 0), p = k->n_shrunk, stop = row_end(r, row + 1);
    visited v;
    lanes rest = NONE, z = shrunk_score(k, r, row, &rest);
    double norm = 0.0, of_star = 0.0, of_direction = 0.0, intercept = 0.0;
    for (int64_t e = row_end(r, row); e < stop; e++) {
        const int64_t j = r->columns[e];
        const double x = j < p ? r->x[e] : 0.0;
        norm += x * x;
        of_star += k->reference[j] * x;
        of_direction += k->direction[j] * x;
        intercept += r->x[e] - x;
    }
    EACH_PART z.part[h] *= u->scale.part[h];
    v.n_columns = 0;
    EACH_PART v.own.part[h] = z.part[h] + rest.part[h];
    const lanes y = copies(r->y[row]);
    derive(a, &v.own, &y, 1, 1.0);
    EACH_PART {
        vector own = v.own.part[h];
        v.of_W.part[h] = own * z.part[h];
        v.norm.part[h] = own * own * norm;
        v.of_star.part[h] = own * of_star;
        v.of_direction.part[h] = own * of_direction;
        v.of_intercept.part[h] = own * intercept;
    }
    return v;
}

/* Write the gradient of the only step of a call on wide data to the caller. */
static void write_gradient(const block *k, const shrunk *u, const visited *v)
{
    const leg *a = k->a;
    for (int64_t l = 0; l < k->width; l++) {
        const double factor = a->l2 * u->scale.at[l];
        double *to = a->gradient + k->first + l;
        for (int64_t j = 0; j < a->n_penalised; j++)
            to[j * a->n_lanes] = factor * a->W[j * a->n_lanes + k->first + l];
        for (int64_t c = 0; c < k->n_columns; c++)
            to[k->features[c] * a->n_lanes] += (c < k->n_shrunk ? k->G[c] : v->of_intercept).at[l];
    }
}

/* Change the visited columns: v by the rate times h, and the running sum by `change` times h. */
static void change_columns(const block *k, const rows *r, const visited *v, lanes rate,
                           lanes change)
{
    const leg *a = k->a;
    lanes *restrict W = k->W, *restrict S = k->S, *restrict G = k->G;
    for (int64_t c = 0; c < v->n_columns; c++) {
        const int64_t j = k->visited[c];
        EACH_PART {
            W[j].part[h] -= rate.part[h] * G[j].part[h];
            S[j].part[h] += change.part[h] * G[j].part[h];
            G[j].part[h] = NONE.part[h];
        }
    }
    if (a->few_columns != ONE_ROW)
        return;
    const int64_t row = row_of(r, 0), p = k->n_shrunk, stop = row_end(r, row + 1);
    EACH_PART rate.part[h] *= v->own.part[h];
    EACH_PART change.part[h] *= v->own.part[h];
    for (int64_t e = row_end(r, row); e < stop; e++) {
        const int64_t j = r->columns[e];
        if (j < p)
            EACH_PART {
                W[j].part[h] -= rate.part[h] * r->x[e];
                S[j].part[h] += change.part[h] * r->x[e];
            }
    }
}

/* Begin anew for the lanes that are marked by a 1. */
static void measure_marked(const block *k, shrunk *u, const lanes *marks)
{
    if (k->a->scales)
        fold_touched(k, u, marks);
    for (int l = 0; !k->a->scales && l < LANES; l++)
        if (marks->at[l] > 0.0)
            measure_lane(k, u, l);
}

/* A step of a block; G is 0 before and after it. */
static void make_light_step(block *k, const rows *r, int64_t step, shrunk *u)
{
    const leg *a = k->a;
    lanes *n = k->n, *restrict W = k->W, *restrict S = k->S;
    const int64_t p = k->n_shrunk, intercept = p < k->n_columns;
    const double l2 = a->l2, star = intercept ? k->reference[p] : 0.0;
    EACH_LANE u->sum.at[l] += u->scale.at[l];
    EACH_LANE n[CHECKSUM].at[l] += u->of_direction.at[l];
    lanes w = NONE; /* of an intercept */
    if (intercept) {
        w = W[p];
        EACH_LANE S[p].at[l] += w.at[l];
        EACH_LANE n[CHECKSUM].at[l] += k->direction[p] * w.at[l];
    }
    const visited v = a->few_columns == ONE_ROW ? visit_row(k, r, u)
                                                : visit_rows(k, r, u, a->t + step + 1);
    if (a->gradient)
        write_gradient(k, u, &v);
    const double *g = v.of_intercept.at;
    EACH_LANE {
        double of_penalty = 2.0 * l2 * v.of_W.at[l] + l2 * l2 * u->norm.at[l];
        double norm_sq = v.norm.at[l] + of_penalty + g[l] * g[l];
        n[GRAD_NORM_SQ].at[l] = largest(norm_sq, 0.0);
    }
    if (a->w_star)
        EACH_LANE {
            double product = v.of_W.at[l] + l2 * u->norm.at[l] + g[l] * w.at[l];
            double product_star = v.of_star.at[l] + l2 * u->of_star.at[l] + g[l] * star;
            n[SLOPE].at[l] = product - product_star;
        }
    set_rates(k, step);
    const lanes lr = n[LR];
    lanes rate, change;
    EACH_LANE {
        double shrink = 1.0 - lr.at[l] * l2, square = u->norm.at[l];
        u->scale.at[l] *= shrink;
        square = shrink * (shrink * square - 2.0 * lr.at[l] * v.of_W.at[l]);
        u->norm.at[l] = square += lr.at[l] * lr.at[l] * v.norm.at[l];
        u->of_star.at[l] = shrink * u->of_star.at[l] - lr.at[l] * v.of_star.at[l];
        u->of_direction.at[l] = shrink * u->of_direction.at[l] - lr.at[l] * v.of_direction.at[l];
        u->peak.at[l] = largest(u->peak.at[l], square);
    }
    lanes lost; /* lanes whose recurrences have lost digits */
    EACH_LANE lost.at[l] = has_lost_digits(a, u, l) ? 1.0 : 0.0;
    const int some_lost = any(&lost);
    if (some_lost)
        measure_marked(k, u, &lost);
    EACH_LANE rate.at[l] = lr.at[l] / u->scale.at[l];
    EACH_LANE change.at[l] = u->sum.at[l] * rate.at[l];
    change_columns(k, r, &v, rate, change);
    if (intercept)
        EACH_LANE W[p].at[l] -= lr.at[l] * g[l];
    if (some_lost)
        measure_marked(k, u, &lost);
    track(k, a->t + step);
}

#endif
