/* The rules for one learning rate of all coordinates, and the sums of the tracker. */
#ifndef LRBENCH_RATES_H
#define LRBENCH_RATES_H
#include "lanes.h"

/* Set the learning rates of the step with gradients of these squared norms; the state goes on. */
static inline void set_rates(const block *k, int64_t step)
{
    const leg *a = k->a;
    lanes *n = k->n;
    double *b = n[B].at, *lr = n[LR].at, *growth = n[GROWTH].at;
    const double *norm = n[GRAD_NORM_SQ].at, *parameter = n[PARAMETER].at;
    switch (a->rule) {
    case FIXED: {
        const lanes above = factor(k, 0, step), below = factor(k, 1, step);
        EACH_LANE lr[l] = b[l] * above.at[l] / below.at[l];
        break;
    }
    case WNGRAD_STILL:
        EACH_LANE lr[l] = 1.0 / b[l];
        break;
    case ADAGRAD_NORM:
        EACH_LANE {
            b[l] = sqrt(b[l] * b[l] + norm[l]);
            lr[l] = parameter[l] / b[l];
        }
        break;
    default: { /* WNGRAD, WNGRAD_LAGGED */
        const int lagged = a->rule == WNGRAD_LAGGED;
        EACH_LANE {
            double increment = parameter[l] * norm[l] / b[l], next = b[l] + increment;
            growth[l] += increment;
            lr[l] = 1.0 / (lagged ? b[l] : next);
            b[l] = next;
        }
    }
    }
}

/* Let the lanes enter the k-th limit, or leave it: see `Tracker._enter`. */
static void enter(const leg *a, lanes *n, int k, const double *within, int64_t t)
{
    EACH_LANE {
        double distance = n[DISTANCE].at[l], was = n[WITHIN_STABLE + k].at[l];
        double allowance = t ? a->rounding * largest(n[DISTANCE_MAX].at[l], distance) : 0.0;
        int enters = within[l] > was, leaves = within[l] == 0.0;
        if (enters || leaves) {
            n[FROM_STABLE + k].at[l] = leaves ? NAN : (double)t;
            n[AT_STABLE + k].at[l] = leaves ? NAN : sqrt(largest(distance, 0.0) + allowance);
        }
        n[STABLE_SUM_LR + k].at[l] *= within[l] * was;
        n[WITHIN_STABLE + k].at[l] = within[l];
    }
}

/* Add a step to the sums of the tracker: see `Tracker._add`. */
static inline void track(const leg *a, lanes *n, int64_t t)
{
    const double *lr = n[LR].at, *norm = n[GRAD_NORM_SQ].at, *slope = n[SLOPE].at;
    for (int k = 0; k < 2; k++) {
        const double limit = k ? a->short_limit : a->stable_limit;
        double within[LANES];
        lanes changes;
        EACH_LANE within[l] = lr[l] * a->L <= limit ? 1.0 : 0.0;
        EACH_LANE changes.at[l] = within[l] != n[WITHIN_STABLE + k].at[l] ? 1.0 : 0.0;
        if (any(&changes))
            enter(a, n, k, within, t);
        EACH_LANE n[STABLE_SUM_LR + k].at[l] += lr[l] * within[l];
    }
    EACH_LANE {
        double lr_norm = lr[l] * norm[l], distance = n[DISTANCE].at[l];
        n[SUM_GRAD_NORM_SQ].at[l] += norm[l];
        n[SUM_LR_GRAD_NORM_SQ].at[l] += lr_norm;
        n[SUM_LR].at[l] += lr[l];
        n[REGRET].at[l] += slope[l];
        n[MIN_GRAD].at[l] = smallest(n[MIN_GRAD].at[l], norm[l]);
        n[DISTANCE_MAX].at[l] = largest(n[DISTANCE_MAX].at[l], distance);
        n[DISTANCE].at[l] = distance + lr[l] * (lr_norm - 2.0 * slope[l]);
    }
    if (a->mu == 0.0)
        return;
    double logs[LANES];
    lanes steep; /* steps above 2 / (L + mu) */
    /* The logarithm stays finite for lanes with mu lr >= 1. */
    EACH_LANE logs[l] = log_of_one_plus(-smallest(a->mu * lr[l], 1.0 - 1e-16));
    EACH_LANE n[LOG_CONTRACTION].at[l] += logs[l];
    EACH_LANE steep.at[l] = a->L * lr[l] - 1.0 <= 1.0 - a->mu * lr[l] ? 0.0 : 1.0;
    if (any(&steep))
        EACH_LANE {
            double log_steep = logarithm(largest(a->L * lr[l] - 1.0, 0x1p-1022), 0.0);
            logs[l] = steep.at[l] > 0.0 ? largest(logs[l], log_steep) : logs[l];
        }
    EACH_LANE n[LOG_FACTOR].at[l] += logs[l];
}

#endif
