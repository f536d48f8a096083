/* Iterates w = scale v of steps that shrink all coordinates and change few.
 *
 * A step is w' = (1 - lr l2) w - lr h, where h, the gradient of the loss, has few coordinates. With
 * scale' = (1 - lr l2) scale it is v' = v - (lr / scale') h, so that v changes in these alone. Let
 * `sum` be that of the scales of the steps so far, and the sum of their iterates S + sum v. The step
 * adds scale v to it and changes v, hence S' = S + sum' (v - v') = S + sum' (lr / scale') h, with
 * the sum' that has this step's scale. Likewise
 *     |w'|^2 = (1 - lr l2)^2 |w|^2 - 2 lr (1 - lr l2) <h, w> + lr^2 |h|^2
 * with <h, w> from the scores, and <w', u> = (1 - lr l2) <w, u> - lr <h, u> for a fixed u, the
 * minimiser or the direction of the checksum. An intercept, which is not shrunk, is no part of all
 * that: it is visited in every step. */
#ifndef LRBENCH_SHRUNK_H
#define LRBENCH_SHRUNK_H
#include "lanes.h"

/* The steps of a window. */
enum { WINDOW_STEPS = 64 };

/* The values of `few_columns`: a step may have one row alone, no column of which comes twice. */
enum { SEVERAL_ROWS = 1, ONE_ROW };

/* `peak` is the largest |w|^2 since it was measured. */
typedef struct shrunk {
    lanes scale, sum, norm, peak, of_star, of_direction;
} shrunk;

enum { N_SCALES = sizeof(shrunk) / sizeof(lanes) };

/* Begin anew with v = w for one lane, and measure its products. */
static void measure_lane(const block *k, shrunk *u, int l)
{
    double norm = 0.0, of_star = 0.0, of_direction = 0.0;
    for (int64_t j = 0; j < k->n_shrunk; j++) {
        k->S[j].at[l] += u->sum.at[l] * k->W[j].at[l];
        double w = k->W[j].at[l] *= u->scale.at[l];
        norm += w * w;
        of_star += k->reference[j] * w;
        of_direction += k->direction[j] * w;
    }
    u->scale.at[l] = 1.0, u->sum.at[l] = 0.0;
    u->norm.at[l] = u->peak.at[l] = norm;
    u->of_star.at[l] = of_star, u->of_direction.at[l] = of_direction;
}

/* The same for all lanes, with the same bits. */
static void measure(const block *k, shrunk *u)
{
    lanes *restrict W = k->W, *restrict S = k->S;
    const lanes scale = u->scale, sum = u->sum;
    lanes norm = NONE, of_star = NONE, of_direction = NONE;
    for (int64_t j = 0; j < k->n_shrunk; j++)
        EACH_PART {
            S[j].part[h] += sum.part[h] * W[j].part[h];
            vector w = W[j].part[h] * scale.part[h];
            W[j].part[h] = w;
            norm.part[h] += w * w;
            of_star.part[h] += k->reference[j] * w;
            of_direction.part[h] += k->direction[j] * w;
        }
    EACH_LANE u->scale.at[l] = 1.0, u->sum.at[l] = 0.0;
    u->norm = u->peak = norm, u->of_star = of_star, u->of_direction = of_direction;
}

/* Whether the scale, or |w|^2 where the steps use it, has lost digits. */
static inline int has_lost_digits(const leg *a, const shrunk *u, int l)
{
    const double size = fabs(u->scale.at[l]);
    return size < 0x1p-10 || size > 0x1p10
        || (a->l2 != 0.0 && u->norm.at[l] < 0x1p-10 * u->peak.at[l]);
}

#endif
