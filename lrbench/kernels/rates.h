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

/* Add the logarithms of the products that wait in the lanes that are marked by a 1. */
static void add_logs(lanes *n, const lanes *marks)
{
    lanes *due = n + DUE_CONTRACTION, *sums = n + LOG_CONTRACTION;
    for (int i = 0; i < 2; i++)
        EACH_LANE {
            const double sum = sums[i].at[l] + log_of_one_plus(due[i].at[l]);
            sums[i].at[l] = marks->at[l] > 0.0 ? sum : sums[i].at[l];
            due[i].at[l] = marks->at[l] > 0.0 ? 0.0 : due[i].at[l];
        }
}

/* Multiply the products that wait for their logarithm by the factors 1 - mu lr and
 * max(1 - mu lr, L lr - 1) of a step. With p and x for a product and a factor less 1 it becomes
 * p + x (1 + p), which keeps the digits of small rates. One logarithm of several steps takes the
 * time of one; outside [1/2, 2], where 1 + p may lose digits or overflow, a lane takes it. */
static inline void multiply_factors(const leg *a, lanes *n)
{
    lanes p = n[DUE_CONTRACTION], q = n[DUE_FACTOR], marks;
    EACH_LANE {
        /* The logarithm stays finite for lanes with mu lr >= 1. */
        double x = -smallest(a->mu * n[LR].at[l], 1.0 - 1e-16);
        double y = largest(x, a->L * n[LR].at[l] - 2.0);
        p.at[l] += x * (1.0 + p.at[l]);
        q.at[l] += y * (1.0 + q.at[l]);
        marks.at[l] = q.at[l] <= 1.0 ? 0.0 : 1.0;
        marks.at[l] = p.at[l] >= -0.5 ? marks.at[l] : 1.0; /* q is at least p */
    }
    n[DUE_CONTRACTION] = p, n[DUE_FACTOR] = q;
    if (any(&marks))
        add_logs(n, &marks);
}

/* Add a step to the sums of the tracker: see `Tracker._add`. */
static inline void track(block *k, int64_t t)
{
    const leg *a = k->a;
    lanes *n = k->n;
    const double *lr = n[LR].at, *norm = n[GRAD_NORM_SQ].at, *slope = n[SLOPE].at;
    double stable[LANES], briefly[LANES];
    lanes changes;
    EACH_LANE {
        stable[l] = lr[l] * a->L <= a->stable_limit ? 1.0 : 0.0;
        briefly[l] = lr[l] * a->L <= a->short_limit ? 1.0 : 0.0;
        int same = stable[l] == n[WITHIN_STABLE].at[l] && briefly[l] == n[WITHIN_SHORT].at[l];
        changes.at[l] = same ? 0.0 : 1.0;
    }
    if (any(&changes)) {
        enter(a, n, 0, stable, t);
        enter(a, n, 1, briefly, t);
    }
    EACH_LANE {
        double lr_norm = lr[l] * norm[l], distance = n[DISTANCE].at[l];
        n[STABLE_SUM_LR].at[l] += lr[l] * stable[l];
        n[SHORT_SUM_LR].at[l] += lr[l] * briefly[l];
        n[SUM_GRAD_NORM_SQ].at[l] += norm[l];
        n[SUM_LR_GRAD_NORM_SQ].at[l] += lr_norm;
        n[SUM_LR].at[l] += lr[l];
        n[REGRET].at[l] += slope[l];
        n[MIN_GRAD].at[l] = smallest(n[MIN_GRAD].at[l], norm[l]);
        n[DISTANCE_MAX].at[l] = largest(n[DISTANCE_MAX].at[l], distance);
        n[DISTANCE].at[l] = distance + lr[l] * (lr_norm - 2.0 * slope[l]);
    }
    if (a->mu != 0.0)
        multiply_factors(a, n);
}

#endif
