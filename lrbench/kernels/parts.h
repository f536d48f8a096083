/* Steps in parts: the caller has the rule, or asks for signals, between them. The lanes of a block
 * stay in the workspace from one call to the next, the gradient with them. */
#ifndef LRBENCH_PARTS_H
#define LRBENCH_PARTS_H
#include "steps.h"

/* The parts of a step, in the order in which a call makes those that it is asked for. */
enum {
    LOAD = 1,        /* take the lanes from the arrays of the caller */
    DESCEND = 2,     /* the step along the gradient at the rates LR of the caller, and its sums */
    ACCUMULATE = 4,  /* add the iterate to the running sum, and clear the gradient */
    ADD_ROWS = 8,    /* add the gradient of the mean loss of some rows */
    FINISH = 16,     /* add that of the penalty; GRAD_NORM_SQ and SLOPE to the caller */
    INNER = 32,      /* <g, w> to the caller */
    ADD_VALUES = 64, /* the objective from the losses of some rows; with the last row to the caller */
    RULE = 128,      /* the step by the rule of the leg, and its sums */
    STORE = 256      /* the lanes to the arrays of the caller */
};

/* Rows of `numbers` beside those of all steps: parameters of rules that these steps have not. */
enum { OBJECTIVE = PARAMETER, PRODUCT, FIRST_ASCENT };

static inline double huber(double r, double c) { return smallest(r, c) * (r - 0.5 * smallest(r, c)); }

/* The losses of some rows from their scores, which become these. */
static inline void lose(const leg *a, lanes *Z, const lanes *Y, int64_t count)
{
    const double c = a->loss_parameter, *restrict y = Y->at;
    double *restrict z = Z->at;
    const int64_t size = count * LANES;
    switch (a->loss) {
    EACH_OF(LOGISTIC, log_of_one_plus(exponential(-fabs(z[e] * y[e]))) - smallest(z[e] * y[e], 0.0))
    EACH_OF(SQUARED, 0.5 * ((z[e] - y[e]) * (z[e] - y[e])))
    EACH_OF(HINGE, largest(1.0 - z[e] * y[e], 0.0))
    EACH_OF(SQUARED_HINGE, 0.5 * largest(1.0 - z[e] * y[e], 0.0) * largest(1.0 - z[e] * y[e], 0.0))
    EACH_OF(ABSOLUTE, fabs(z[e] - y[e]))
    EACH_OF(QUANTILE, largest((1.0 - c) * (z[e] - y[e]), -c * (z[e] - y[e])))
    EACH_OF(HUBER, huber(fabs(z[e] - y[e]), c))
    EACH_OF(POISSON, exponential(z[e]) - y[e] * z[e])
    }
}

/* Add the losses of `count` rows to OBJECTIVE, one after the other: no bit depends on the parts. */
static void add_values(const block *k, const rows *r, int64_t count)
{
    lanes *Z = k->R, *Y = Z + ROWS, total = k->n[OBJECTIVE];
    for (int64_t from = 0; from < count; from += ROWS) {
        const int64_t n = count - from < ROWS ? count - from : ROWS;
        score_rows(k, r, from, n, Z, Y);
        lose(k->a, Z, Y, n);
        for (int64_t i = 0; i < n; i++)
            EACH_PART total.part[h] += Z[i].part[h];
    }
    k->n[OBJECTIVE] = total;
}

/* Make OBJECTIVE the mean of what it is the sum of, and add the penalty. */
static void finish_objective(const block *k)
{
    const leg *a = k->a;
    const double share = 1.0 / (double)a->batch_size;
    lanes absolute = NONE, square = NONE;
    for (int64_t j = 0; j < a->n_penalised; j++) {
        const lanes w = k->W[j];
        EACH_LANE absolute.at[l] += fabs(w.at[l]);
        EACH_PART square.part[h] += w.part[h] * w.part[h];
    }
    EACH_LANE {
        double penalty = 0.5 * a->l2 * square.at[l];
        penalty = a->l1 != 0.0 ? a->l1 * absolute.at[l] + penalty : penalty;
        k->n[OBJECTIVE].at[l] = k->n[OBJECTIVE].at[l] * share + penalty;
    }
}

static void take_inner(const block *k)
{
    lanes product = NONE;
    for (int64_t j = 0; j < k->a->n_features; j++)
        EACH_PART product.part[h] += k->G[j].part[h] * k->W[j].part[h];
    k->n[PRODUCT] = product;
}

/* Give the caller a row of numbers. */
static void give(const block *k, int row)
{
    for (int64_t l = 0; l < k->width; l++)
        k->a->numbers[row * k->a->n_lanes + k->first + l] = k->n[row].at[l];
}

/* The step of step `a->t`, whose rates the caller has. */
static void begin_descent(block *k)
{
    const leg *a = k->a;
    lanes *n = k->n;
    load(k, n + LR, a->numbers + LR * a->n_lanes, 1, NULL);
    EACH_LANE {
        const int ascends = n[LR].at[l] < 0.0 && n[FIRST_ASCENT].at[l] > (double)a->t;
        n[FIRST_ASCENT].at[l] = ascends ? (double)a->t : n[FIRST_ASCENT].at[l];
    }
    end_step(k, a->t);
}

/* Make these parts of a step; `from` and `to` are the rows of the step that ADD_ROWS and ADD_VALUES
 * add. RULE is that of the first step of the leg; `t` is the step, with DESCEND that before. */
void NAMED(lrbench_parts)(const leg *a, int64_t what, int64_t from, int64_t to)
{
    for (int64_t b = 0; b < a->n_blocks; b++) {
        size_t used = 0;
        copied_rows none;
        block k = place(a, b, &used, &none);
        k.G += b * a->n_features;
        const rows r = later(rows_of(a, a->seed[b], 0), from);
        if (what & LOAD) {
            load_block(&k);
            memset(k.G, 0, (size_t)a->n_features * sizeof(lanes));
        }
        if (what & DESCEND)
            begin_descent(&k);
        if (what & ACCUMULATE)
            begin_step(&k);
        else if (what & DESCEND)
            take_step(&k);
        if (what & ADD_ROWS)
            add_gradient(&k, &r, to - from);
        if (what & FINISH) {
            finish_gradient(&k), give(&k, GRAD_NORM_SQ), give(&k, SLOPE);
            if (a->gradient)
                store(&k, a->gradient, k.G, a->n_features, NULL);
        }
        if (what & INNER)
            take_inner(&k), give(&k, PRODUCT);
        if (what & ADD_VALUES) {
            if (from == 0)
                k.n[OBJECTIVE] = NONE;
            add_values(&k, &r, to - from);
            if (to == a->batch_size)
                finish_objective(&k), give(&k, OBJECTIVE);
        }
        if (what & RULE) {
            follow_rule(&k, 0);
            if (a->rule < COORDINATES && !is_constrained(a))
                take_step(&k);
        }
        if (what & STORE) {
            store_block(&k);
            give(&k, FIRST_ASCENT);
        }
    }
}

#endif
