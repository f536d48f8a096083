/* What a call is about: the steps of some blocks of lanes. */
#ifndef LRBENCH_LEG_H
#define LRBENCH_LEG_H
#include <stdint.h>

enum { LOGISTIC, SQUARED, HINGE, SQUARED_HINGE, ABSOLUTE, QUANTILE, HUBER, POISSON };

/* From COORDINATES on the step is no multiple of the gradient. */
enum { FIXED, WNGRAD, WNGRAD_LAGGED, WNGRAD_STILL, ADAGRAD_NORM, COORDINATES, MEAN };

enum { N_PARAMETERS = 6 };

/* The numbers of a lane, by their rows in `numbers`; those of the tracker have the names of its
 * attributes. Rows before N_STATE change, those behind do not: they are parameters of the rule. */
enum {
    B, GROWTH, LR, GRAD_NORM_SQ, SLOPE,
    SUM_GRAD_NORM_SQ, SUM_LR_GRAD_NORM_SQ, SUM_LR, STABLE_SUM_LR, SHORT_SUM_LR, REGRET,
    MIN_GRAD, LOG_CONTRACTION, LOG_FACTOR, DUE_CONTRACTION, DUE_FACTOR, DISTANCE, DISTANCE_MAX, WITHIN_STABLE, WITHIN_SHORT,
    FROM_STABLE, FROM_SHORT, AT_STABLE, AT_SHORT, CHECKSUM, N_STATE,
    PARAMETER = N_STATE, N_NUMBERS = N_STATE + N_PARAMETERS
};

/* The parameters of the rules COORDINATES and MEAN. */
enum {
    KEEP_MEAN = PARAMETER, TAKE_MEAN, KEEP_SQUARE, TAKE_SQUARE, EPSILON, DECAY
};

/* The fields have the order of `Steps` in library.py; every one has eight bytes. */
typedef struct {
    const double *x;          /* entries of X: (n_samples, n_features), or those of its CSR form */
    const int32_t *columns;   /* NULL for dense data */
    const void *row_ends;     /* indptr */
    const double *y;
    const double *w_star;     /* NULL without a minimiser */
    const double *reference;  /* the same, or any numbers without a minimiser */
    const double *direction;  /* of the checksum of the running sum */
    const double *lower;      /* bounds of the coordinates; NULL for none */
    const double *upper;
    const double *centre;     /* of the ball that the steps are projected on; NULL for none */
    const int64_t *samples;   /* (n_seeds, sample_stride), batch_size of them for each step; NULL
                               * where every step visits all of them in their order */
    const int64_t *first;     /* (n_blocks,): the first lane of each block */
    const int64_t *width;     /* (n_blocks,): its number of lanes, at most as many as fit */
    const int64_t *seed;      /* (n_blocks,): the row of `samples` */
    const double *factors;    /* (2, factor_stride), or (2, factor_stride, n_lanes) with
                               * `lane_factors`: two numbers for each step; NULL where the rule has
                               * none, or they are 1 */
    double *W;                /* (n_features, n_lanes) */
    double *running_sum;      /* likewise */
    double *scales;           /* (N_SCALES, n_lanes): the numbers of `shrunk`, where W and
                               * `running_sum` are its v and S, and steps touch the columns of their
                               * rows only; NULL elsewhere. `peak` is NaN where nothing is measured */
    double *numbers;          /* (N_NUMBERS, n_lanes) */
    double *mean;             /* of the gradients, (n_features, n_lanes); NULL where none is kept */
    double *square;           /* likewise, of their squares */
    double *gradient;         /* for that of the last step, (n_features, n_lanes); NULL for none */
    int64_t *diverged;        /* (n_lanes,): the steps made where a lane diverged, -1 elsewhere */
    double *workspace;        /* as many bytes as the size that goes with the steps says, at a
                               * multiple of 64 */
    int64_t wide_ends;        /* whether `row_ends` are int64_t, not int32_t */
    int64_t lane_factors;     /* whether `factors` differ between lanes */
    int64_t one_row;          /* whether steps have one row, no column of which comes twice */
    int64_t n_features, n_penalised, n_lanes, n_blocks, n_steps, batch_size;
    int64_t sample_stride, factor_stride;
    int64_t row_entries;      /* of an average row, rounded up */
    int64_t step_entries;     /* of the rows of a step, at most; only with `scales` */
    int64_t t;                /* the number of steps before */
    int64_t loss, rule;
    double loss_parameter, l1, l2, radius;
    double L, mu, stable_limit, short_limit, rounding;
} leg;

#endif
