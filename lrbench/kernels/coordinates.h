/* Steps with memory in every coordinate: means of the gradients and of their squares. */
#ifndef LRBENCH_COORDINATES_H
#define LRBENCH_COORDINATES_H
#include "gradient.h"
#include "rates.h"

/* D = lr0 (m / c) / (sqrt(v / d) + epsilon) + lr0 decay w coordinate by coordinate, and w - D. The
 * means m and v of g and g^2 are g and a sum where nothing is kept of them, or all; c and d are the
 * factors of the step. */
static void take_coordinate_step(block *k, int64_t step)
{
    const leg *a = k->a;
    lanes *n = k->n, *restrict W = k->W, *restrict M = k->M, *restrict V = k->V;
    const lanes *restrict G = k->G;
    const lanes of_mean = factor(k, 0, step), of_square = factor(k, 1, step);
    const lanes keep = n[KEEP_MEAN], take = n[TAKE_MEAN], epsilon = n[EPSILON];
    const lanes keep_square = n[KEEP_SQUARE], take_square = n[TAKE_SQUARE];
    lanes length = NONE, rate, share, decay;
    EACH_LANE rate.at[l] = n[B].at[l] / of_mean.at[l];
    EACH_LANE share.at[l] = 1.0 / of_square.at[l];
    EACH_LANE decay.at[l] = n[B].at[l] * n[DECAY].at[l];
    for (int64_t j = 0; j < a->n_features; j++) {
        lanes m = G[j], v, root;
        EACH_PART {
            vector g = G[j].part[h];
            if (M) {
                m.part[h] = keep.part[h] * M[j].part[h] + take.part[h] * g;
                M[j].part[h] = m.part[h];
            }
            v.part[h] = keep_square.part[h] * V[j].part[h] + take_square.part[h] * (g * g);
            V[j].part[h] = v.part[h];
            v.part[h] *= share.part[h];
        }
        EACH_LANE root.at[l] = sqrt(v.at[l]);
        EACH_PART {
            vector D = rate.part[h] * m.part[h] / (root.part[h] + epsilon.part[h]);
            D += decay.part[h] * W[j].part[h];
            length.part[h] += D * D;
            W[j].part[h] -= D;
        }
    }
    EACH_LANE {
        double g = sqrt(n[GRAD_NORM_SQ].at[l]), D = sqrt(length.at[l]);
        n[LR].at[l] = g > 0.0 ? D / g : 0.0;
    }
}

/* The step m / (b c) along the mean m of the gradients, with WNGrad's b. */
static void take_mean_step(block *k, int64_t step)
{
    const leg *a = k->a;
    lanes *n = k->n, *restrict W = k->W, *restrict M = k->M;
    const lanes *restrict G = k->G;
    const lanes of_mean = factor(k, 0, step), keep = n[KEEP_MEAN], take = n[TAKE_MEAN];
    lanes rate;
    EACH_LANE {
        double b = n[B].at[l] += n[GRAD_NORM_SQ].at[l] / n[B].at[l];
        n[LR].at[l] = 1.0 / b;
        rate.at[l] = 1.0 / (b * of_mean.at[l]);
    }
    for (int64_t j = 0; j < a->n_features; j++)
        EACH_PART {
            vector m = keep.part[h] * M[j].part[h] + take.part[h] * G[j].part[h];
            M[j].part[h] = m;
            W[j].part[h] -= rate.part[h] * m;
        }
}

#endif
