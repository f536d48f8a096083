/* Steps that visit only the columns of their rows, with iterates w = scale v.
 *
 * A step is w' = (1 - lr l2) w - lr h, where h, the gradient of the loss, has few coordinates. With
 * scale' = (1 - lr l2) scale it is v' = v - (lr / scale') h, so that v changes in these alone. Let
 * `sum` be that of the scales of the steps so far, and the sum of their iterates S + sum v. The step
 * adds scale v to it and changes v, hence S' = S + sum' (v - v') = S + sum' (lr / scale') h, with
 * the sum' that has this step's scale. Likewise
 *     |w'|^2 = (1 - lr l2)^2 |w|^2 - 2 lr (1 - lr l2) <h, w> + lr^2 |h|^2
 * with <h, w> from the scores, and <w', u> = (1 - lr l2) <w, u> - lr <h, u> for a fixed u, the
 * minimiser or the direction of the checksum. An intercept, which is not shrunk, is no part of all
 * that: it is visited in every step. The caller's W and running sum are v and S, and `scales` has
 * the other numbers: between calls nothing is multiplied out. */
#ifndef LRBENCH_SHRUNK_H
#define LRBENCH_SHRUNK_H
#include "touched.h"

/* `peak` is the largest |w|^2 since it was measured. */
typedef struct {
    lanes scale, sum, norm, peak, of_star, of_direction;
} shrunk;

enum { N_SCALES = sizeof(shrunk) / sizeof(lanes) };

/* Whether the scale, or |w|^2 where the steps use it, has lost digits. */
static inline int has_lost_digits(const leg *a, const shrunk *u, int l)
{
    const double size = fabs(u->scale.at[l]);
    return size < 0x1p-5 || size > 0x1p5
        || (a->l2 != 0.0 && u->norm.at[l] < 0x1p-10 * u->peak.at[l]);
}

/* Begin anew with v = w in the caller's arrays, in all columns, for the lanes that are marked by a
 * 1, and measure the products there. A lane that has diverged stays what it is. */
static void fold(const block *k, shrunk *u, const lanes *marks)
{
    const leg *a = k->a;
    lanes norm = NONE, of_star = NONE, of_direction = NONE;
    int which[LANES], n = 0;
    for (int l = 0; l < k->width; l++)
        if (marks->at[l] > 0.0 && a->diverged[k->first + l] < 0)
            which[n++] = l;
    for (int64_t j = 0; j < a->n_penalised; j++)
        for (int i = 0; i < n; i++) {
            const int64_t l = which[i], at = j * a->n_lanes + k->first + l;
            a->running_sum[at] += u->sum.at[l] * a->W[at];
            double w = a->W[at] *= u->scale.at[l];
            norm.at[l] += w * w;
            of_star.at[l] += a->reference[j] * w;
            of_direction.at[l] += a->direction[j] * w;
        }
    for (int i = 0; i < n; i++) {
        const int l = which[i];
        u->scale.at[l] = 1.0, u->sum.at[l] = 0.0;
        u->norm.at[l] = u->peak.at[l] = norm.at[l];
        u->of_star.at[l] = of_star.at[l], u->of_direction.at[l] = of_direction.at[l];
    }
    for (int64_t j = 0; j < N_SCALES; j++) /* lanes that the caller lacks are copies */
        for (int64_t l = k->width; l < LANES; l++)
            ((lanes *)u)[j].at[l] = ((lanes *)u)[j].at[k->width - 1];
}

/* The same inside a window. */
static void fold_touched(const block *k, shrunk *u, const lanes *marks)
{
    store(k, k->a->W, k->W, k->n_columns, k->features);
    store(k, k->a->running_sum, k->S, k->n_columns, k->features);
    fold(k, u, marks);
    load(k, k->W, k->a->W, k->n_columns, k->features);
    load(k, k->S, k->a->running_sum, k->n_columns, k->features);
}

/* The gradient h of the loss at the shrunk coordinates: |h|^2, <h, w>, <h, w_star> and <direction,
 * h>, and its coordinate of the intercept. It is in the visited columns of G, or where the step has
 * one row, that row times `own`. */
typedef struct {
    lanes norm, of_W, of_star, of_direction, of_intercept, own;
} visit;

/* Visit the rows of a step, the `step`-th one of its window. */
static visit visit_rows(const block *k, const touched *t, const shrunk *u, int64_t step)
{
    const leg *a = k->a;
    const rows r = later(k->r, step * a->batch_size);
    const double share = 1.0 / (double)a->batch_size;
    const lanes scale = u->scale, w = k->W[t->count];
    lanes *R = k->R, *Y = R + ROWS, *P = Y + ROWS, *restrict G = k->G;
    visit v = {.norm = NONE};
    for (int64_t from = 0; from < a->batch_size; from += ROWS) {
        const int64_t count = a->batch_size - from < ROWS ? a->batch_size - from : ROWS;
        for (int64_t i = 0; i < count; i++) {
            const int64_t row = row_of(&r, from + i);
            const lanes z = sparse_score(&r, row, k->W);
            EACH_PART P[i].part[h] = scale.part[h] * z.part[h];
            EACH_PART R[i].part[h] = P[i].part[h] + t->intercepts[row] * w.part[h];
            Y[i] = copies(r.y[row]);
        }
        derive(a, R, Y, count, share);
        for (int64_t i = 0; i < count; i++) {
            const int64_t row = row_of(&r, from + i);
            EACH_PART v.of_W.part[h] += R[i].part[h] * P[i].part[h];
            EACH_PART v.of_intercept.part[h] += t->intercepts[row] * R[i].part[h];
            add_sparse_row(&r, row, R[i], G);
        }
    }
    for (int64_t i = t->visited_ends[step]; i < t->visited_ends[step + 1]; i++) {
        const int64_t c = t->visited[i];
        EACH_PART {
            v.norm.part[h] += G[c].part[h] * G[c].part[h];
            v.of_star.part[h] += t->reference[c] * G[c].part[h];
            v.of_direction.part[h] += t->direction[c] * G[c].part[h];
        }
    }
    return v;
}

/* Visit the only row of a step: the sums over its entries are the same for all lanes. */
static visit visit_row(const block *k, const touched *t, const shrunk *u, int64_t row)
{
    const rows *r = &k->r;
    const int64_t stop = row_end(r, row + 1);
    const lanes y = copies(r->y[row]), w = k->W[t->count];
    visit v;
    lanes z = sparse_score(r, row, k->W);
    double norm = 0.0, of_star = 0.0, of_direction = 0.0;
    for (int64_t e = row_end(r, row); e < stop; e++) {
        norm += r->x[e] * r->x[e];
        of_star += t->reference[r->columns[e]] * r->x[e];
        of_direction += t->direction[r->columns[e]] * r->x[e];
    }
    EACH_PART z.part[h] *= u->scale.part[h];
    EACH_PART v.own.part[h] = z.part[h] + t->intercepts[row] * w.part[h];
    derive(k->a, &v.own, &y, 1, 1.0);
    EACH_PART {
        vector own = v.own.part[h];
        v.of_W.part[h] = own * z.part[h];
        v.norm.part[h] = own * own * norm;
        v.of_star.part[h] = own * of_star;
        v.of_direction.part[h] = own * of_direction;
        v.of_intercept.part[h] = own * t->intercepts[row];
    }
    return v;
}

/* Write the gradient of the only step of a call to the caller. */
static void write_gradient(const block *k, const touched *t, const shrunk *u, const visit *v)
{
    const leg *a = k->a;
    for (int64_t l = 0; l < k->width; l++) {
        double *to = a->gradient + k->first + l;
        for (int64_t j = 0; j < a->n_penalised; j++)
            to[j * a->n_lanes] = a->l2 * u->scale.at[l] * a->W[j * a->n_lanes + k->first + l];
        for (int64_t c = 0; c < k->n_columns; c++)
            to[k->features[c] * a->n_lanes] += (c < t->count ? k->G[c] : v->of_intercept).at[l];
    }
}

/* Change the visited columns: v by the rate times h, and the running sum by `change` times h. */
static void change_columns(const block *k, const touched *t, int64_t step, const visit *v,
                           lanes rate, lanes change)
{
    lanes *restrict W = k->W, *restrict S = k->S, *restrict G = k->G;
    if (!has_one_row(k->a)) {
        for (int64_t i = t->visited_ends[step]; i < t->visited_ends[step + 1]; i++) {
            const int64_t c = t->visited[i];
            EACH_PART {
                W[c].part[h] -= rate.part[h] * G[c].part[h];
                S[c].part[h] += change.part[h] * G[c].part[h];
                G[c].part[h] = NONE.part[h];
            }
        }
        return;
    }
    EACH_PART rate.part[h] *= v->own.part[h];
    EACH_PART change.part[h] *= v->own.part[h];
    for (int64_t e = row_end(&k->r, step), stop = row_end(&k->r, step + 1); e < stop; e++) {
        const int64_t c = k->r.columns[e];
        EACH_PART {
            W[c].part[h] -= rate.part[h] * k->r.x[e];
            S[c].part[h] += change.part[h] * k->r.x[e];
        }
    }
}

/* The `step`-th step of a window that begins at `start`; G is 0 before and after it. */
static void make_light_step(block *k, const touched *t, int64_t start, int64_t step, shrunk *u)
{
    const leg *a = k->a;
    const double l2 = a->l2, star = t->reference[t->count], direction = t->direction[t->count];
    lanes *n = k->n, *W = k->W + t->count, *S = k->S + t->count, rate, change, lost;
    const lanes w = *W; /* of the intercept */
    EACH_LANE {
        u->sum.at[l] += u->scale.at[l];
        S->at[l] += w.at[l];
        n[CHECKSUM].at[l] += u->of_direction.at[l] + direction * w.at[l];
    }
    const visit v = has_one_row(a) ? visit_row(k, t, u, step) : visit_rows(k, t, u, step);
    if (a->gradient)
        write_gradient(k, t, u, &v);
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
    set_rates(k, start + step);
    const double *lr = n[LR].at;
    EACH_LANE {
        double shrink = 1.0 - lr[l] * l2, square = u->norm.at[l];
        u->scale.at[l] *= shrink;
        square = shrink * (shrink * square - 2.0 * lr[l] * v.of_W.at[l]);
        u->norm.at[l] = square += lr[l] * lr[l] * v.norm.at[l];
        u->of_star.at[l] = shrink * u->of_star.at[l] - lr[l] * v.of_star.at[l];
        u->of_direction.at[l] = shrink * u->of_direction.at[l] - lr[l] * v.of_direction.at[l];
        u->peak.at[l] = largest(u->peak.at[l], square);
    }
    EACH_LANE W->at[l] -= lr[l] * g[l];
    EACH_LANE lost.at[l] = has_lost_digits(a, u, l) ? 1.0 : 0.0;
    const int some_lost = any(&lost);
    if (some_lost) /* the scale may be 0 */
        fold_touched(k, u, &lost);
    EACH_LANE rate.at[l] = lr[l] / u->scale.at[l];
    EACH_LANE change.at[l] = u->sum.at[l] * rate.at[l];
    change_columns(k, t, step, &v, rate, change);
    if (some_lost)
        fold_touched(k, u, &lost);
    track(k, a->t + start + step);
}

#endif
