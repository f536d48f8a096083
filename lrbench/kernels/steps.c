/* Steps of gradient methods on minibatches of a linear model, for blocks of lanes.
 *
 * A block is LANES lanes that stand beside each other. Every operation is one lane by lane, and
 * a * b + c is never contracted: a lane has the same bits whatever stands beside it, and whatever
 * instructions a compiler chooses. The file is compiled for several instruction sets;
 * `lrbench/kernels/library.py` chooses one of them when it loads. What costs time is written as
 * sums and products of vectors, the rest as loops over the lanes that compilers turn into vectors.
 *
 * A block goes through a window of steps before the next one starts, so that its iterate and
 * running sum stay in the cache. A lane whose gradient is not finite has diverged: what it is then
 * is copied to the caller, and the other lanes go on to the end.
 */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Vectors as wide as the processor has them: compilers make poor code of wider ones. */
#if !defined(__GNUC__)
enum { WIDTH = 1 };
typedef double vector;
#else
#if defined(__AVX512F__)
enum { WIDTH = 8 };
#elif defined(__AVX2__)
enum { WIDTH = 4 };
#else
enum { WIDTH = 2 };
#endif
typedef double vector __attribute__((vector_size(8 * WIDTH)));
#endif

enum { LANES = 8, PARTS = LANES / WIDTH };

/* The bytes of rows that a window visits; the steps of one where few columns are touched. */
enum { AHEAD = 4 };
enum { WINDOW_BYTES = 1 << 18, WINDOW_STEPS = 64 };

/* A number for each lane. */
typedef union {
    vector part[PARTS];
    double at[LANES];
} lanes;

#define EACH_PART for (int h = 0; h < PARTS; h++)
#define EACH_LANE _Pragma("omp simd") for (int l = 0; l < LANES; l++)
#define ONE_LANE_AFTER_ANOTHER for (int l = 0; l < LANES; l++)

enum { LOGISTIC, SQUARED, HINGE, SQUARED_HINGE, ABSOLUTE, QUANTILE, HUBER, POISSON };

enum { FIXED, WNGRAD, WNGRAD_LAGGED, WNGRAD_STILL, ADAGRAD_NORM };

/* The numbers of a lane, by their rows in `numbers`; those of the tracker have the names of its
 * attributes. Rows before N_STATE change, those behind do not. */
enum {
    B, GROWTH, LR, GRAD_NORM_SQ, SLOPE,
    SUM_GRAD_NORM_SQ, SUM_LR_GRAD_NORM_SQ, SUM_LR, STABLE_SUM_LR, SHORT_SUM_LR, REGRET,
    MIN_GRAD, LOG_CONTRACTION, LOG_FACTOR, DISTANCE, DISTANCE_MAX, WITHIN_STABLE, WITHIN_SHORT,
    FROM_STABLE, FROM_SHORT, AT_STABLE, AT_SHORT, CHECKSUM, N_STATE,
    PARAMETER = N_STATE, N_NUMBERS
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
    const int64_t *samples;   /* (n_seeds, sample_stride), batch_size of them for each step */
    const int64_t *first;     /* (n_blocks,): the first lane of each block */
    const int64_t *width;     /* (n_blocks,): its number of lanes, at most LANES */
    const int64_t *seed;      /* (n_blocks,): the row of `samples` */
    const double *factors;    /* (2, factor_stride): lr = lr0 * factor / divisor of the rule FIXED */
    double *W;                /* (n_features, n_lanes) */
    double *running_sum;      /* likewise */
    double *numbers;          /* (N_NUMBERS, n_lanes) */
    double *gradient;         /* for that of the last step, (n_features, n_lanes); NULL for none */
    int64_t *diverged;        /* (n_lanes,): the steps made where a lane diverged, -1 elsewhere */
    double *workspace;        /* `lrbench_workspace` bytes, at a multiple of 64 */
    int64_t wide_ends;        /* whether `row_ends` are int64_t, not int32_t */
    int64_t few_columns;      /* whether steps visit the columns of their rows only */
    int64_t n_features, n_penalised, n_lanes, n_blocks, n_steps, batch_size;
    int64_t sample_stride, factor_stride;
    int64_t t;                /* the number of steps before */
    int64_t loss, rule;
    double loss_parameter, l1, l2, radius;
    double L, mu, stable_limit, short_limit, rounding;
} leg;

/* ---- elementary functions -------------------------------------------------------------------- */

static inline int64_t bits_of(double x)
{
    int64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline double double_of(int64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* NaN where one of the two is, as numpy.maximum and numpy.minimum. */
static inline double largest(double a, double b) { return a > b || a != a ? a : b; }
static inline double smallest(double a, double b) { return a < b || a != a ? a : b; }

static inline double sign(double a) { return a > 0.0 ? 1.0 : a < 0.0 ? -1.0 : a; }

/* e^x = 2^k e^r with |r| <= log(2)/2; 2^k in two factors, for results near 0 and near overflow. */
static inline double exponential(double x)
{
    const double shift = 0x1.8p52; /* its sum with k has the integer k in its last bits */
    double z = x > 710.0 ? 710.0 : x < -746.0 ? -746.0 : x;
    double shifted = z * 0x1.71547652b82fep0 + shift, k = shifted - shift;
    double r = (z - k * 0x1.62e42feep-1) - k * 0x1.a39ef35793c76p-33;
    double r2 = r * r, r4 = r2 * r2, r8 = r4 * r4;
    double low = (1.0 + r) + r2 * (0.5 + r * (1.0 / 6));
    double middle = (1.0 / 24 + r * (1.0 / 120)) + r2 * (1.0 / 720 + r * (1.0 / 5040));
    double high = (1.0 / 40320 + r * (1.0 / 362880)) + r2 * (1.0 / 3628800 + r * (1.0 / 39916800));
    double top = 1.0 / 479001600 + r * (1.0 / 6227020800.0);
    double p = (low + r4 * middle) + r8 * (high + r4 * top);
    /* half = floor(n / 2); the shift is that of a positive number, which all processors have. */
    int64_t n = bits_of(shifted) - bits_of(shift);
    int64_t half = (int64_t)((uint64_t)(n + 2048) >> 1) - 1024;
    double first = double_of((int64_t)((uint64_t)(half + 1023) << 52));
    return p * first * double_of((int64_t)((uint64_t)(n - half + 1023) << 52));
}

/* log(u) + excess / u for u > 0, after FreeBSD's e_log.c: u = 2^k (1 + f), s = f / (2 + f). */
static inline double logarithm(double u, double excess)
{
    const int64_t root_half = 0x3fe6a09e667f3bcd, one = 0x3ff0000000000000;
    uint64_t bits = (uint64_t)(bits_of(u) + (one - root_half));
    /* The exponent as a double: its bits below those of 2^52. */
    double k = double_of((int64_t)(bits >> 52) | bits_of(0x1p52)) - (0x1p52 + 1023.0);
    double f = double_of((int64_t)(bits & 0x000fffffffffffff) + root_half) - 1.0;
    double s = f / (2.0 + f), z = s * s, h = 0.5 * f * f;
    double R = z * (0x1.5555555555593p-1 + z * (0x1.999999997fa04p-2 + z * (0x1.2492494229359p-2
        + z * (0x1.c71c51d8e78afp-3 + z * (0x1.7466496cb03dep-3 + z * (0x1.39a09d078c69fp-3
        + z * 0x1.2f112df3e5244p-3))))));
    double rest = s * (h + R) + (k * 0x1.a39ef35793c76p-33 + excess / u);
    return u < INFINITY ? k * 0x1.62e42feep-1 - ((h - rest) - f) : u;
}

static inline double log_of_one_plus(double x)
{
    double u = 1.0 + x;
    return logarithm(u, x - (u - 1.0));
}

/* ---- pieces of a step ------------------------------------------------------------------------ */

/* Turn the scores of a sample into derivatives of its loss, times `share`. */
static inline void derivatives(const leg *a, lanes *z, double y, double share)
{
    const double c = a->loss_parameter;
    double *at = z->at;
    switch (a->loss) {
    case LOGISTIC:
        EACH_LANE at[l] = -y / (1.0 + exponential(at[l] * y)) * share;
        break;
    case SQUARED:
        EACH_LANE at[l] = (at[l] - y) * share;
        break;
    case HINGE:
        EACH_LANE at[l] = at[l] * y < 1.0 ? -y * share : 0.0;
        break;
    case SQUARED_HINGE:
        EACH_LANE at[l] = largest(1.0 - at[l] * y, 0.0) * -y * share;
        break;
    case ABSOLUTE:
        EACH_LANE at[l] = sign(at[l] - y) * share;
        break;
    case QUANTILE:
        EACH_LANE at[l] = (at[l] - y > 0.0 ? 1.0 - c : at[l] - y < 0.0 ? -c : 0.0) * share;
        break;
    case HUBER:
        EACH_LANE at[l] = smallest(largest(at[l] - y, -c), c) * share;
        break;
    case POISSON:
        EACH_LANE at[l] = (exponential(at[l]) - y) * share;
        break;
    }
}

static inline int64_t row_end(const leg *a, int64_t row)
{
    return a->wide_ends ? ((const int64_t *)a->row_ends)[row]
                        : (int64_t)((const int32_t *)a->row_ends)[row];
}

static void sparse_gradient(const leg *a, const int64_t *samples, const lanes *restrict W,
                            lanes *restrict G, lanes *restrict R)
{
    for (int64_t i = 0; i < a->batch_size; i++) {
        const int64_t stop = row_end(a, samples[i] + 1);
        lanes z = {{{0.0}}};
        for (int64_t k = row_end(a, samples[i]); k < stop; k++)
            EACH_PART z.part[h] += a->x[k] * W[a->columns[k]].part[h];
        R[i] = z;
    }
    for (int64_t i = 0; i < a->batch_size; i++)
        derivatives(a, R + i, a->y[samples[i]], 1.0 / (double)a->batch_size);
    for (int64_t i = 0; i < a->batch_size; i++) {
        const int64_t stop = row_end(a, samples[i] + 1);
        const lanes r = R[i];
        for (int64_t k = row_end(a, samples[i]); k < stop; k++)
            EACH_PART G[a->columns[k]].part[h] += a->x[k] * r.part[h];
    }
}

/* Two rows at a time, as the additions of one row wait for each other; each sum has one order. */
static void dense_gradient(const leg *a, const int64_t *samples, const lanes *restrict W,
                           lanes *restrict G, lanes *restrict R)
{
    const int64_t d = a->n_features, m = a->batch_size;
    for (int64_t i = 0; i < m; i += 2) {
        const int64_t last = i + 1 < m ? i + 1 : i; /* the row itself where it has no second */
        const double *x = a->x + samples[i] * d, *x_last = a->x + samples[last] * d;
        lanes z = {{{0.0}}}, z_last = z;
        for (int64_t j = 0; j < d; j++)
            EACH_PART {
                z.part[h] += x[j] * W[j].part[h];
                z_last.part[h] += x_last[j] * W[j].part[h];
            }
        R[i] = z;
        R[last] = z_last;
    }
    for (int64_t i = 0; i < m; i++)
        derivatives(a, R + i, a->y[samples[i]], 1.0 / (double)m);
    for (int64_t i = 0; i < m; i += 2) {
        const double *x = a->x + samples[i] * d;
        const lanes r = R[i];
        if (i + 1 == m) {
            for (int64_t j = 0; j < d; j++)
                EACH_PART G[j].part[h] += x[j] * r.part[h];
            break;
        }
        const double *x_last = a->x + samples[i + 1] * d;
        const lanes r_last = R[i + 1];
        for (int64_t j = 0; j < d; j++)
            EACH_PART {
                vector g = G[j].part[h] + x[j] * r.part[h];
                G[j].part[h] = g + x_last[j] * r_last.part[h];
            }
    }
}

/* Set the learning rates of the step with gradients of these squared norms; the state goes on. */
static inline void set_rates(const leg *a, lanes *n, int64_t step)
{
    double *b = n[B].at, *lr = n[LR].at, *growth = n[GROWTH].at;
    const double *norm = n[GRAD_NORM_SQ].at, *parameter = n[PARAMETER].at;
    switch (a->rule) {
    case FIXED: {
        const double factor = a->factors[step], divisor = a->factors[a->factor_stride + step];
        EACH_LANE lr[l] = b[l] * factor / divisor;
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
        double within[LANES], changes = 0.0;
        EACH_LANE within[l] = lr[l] * a->L <= limit ? 1.0 : 0.0;
        ONE_LANE_AFTER_ANOTHER changes += within[l] != n[WITHIN_STABLE + k].at[l] ? 1.0 : 0.0;
        if (changes > 0.0)
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
    double factor[LANES], most = -INFINITY;
    /* The logarithm stays finite for lanes with mu lr >= 1. */
    EACH_LANE factor[l] = log_of_one_plus(-smallest(a->mu * lr[l], 1.0 - 1e-16));
    EACH_LANE n[LOG_CONTRACTION].at[l] += factor[l];
    ONE_LANE_AFTER_ANOTHER most = lr[l] > most ? lr[l] : most;
    if (!(a->L * most - 1.0 <= 1.0 - a->mu * most)) /* some step is above 2 / (L + mu) */
        EACH_LANE {
            double steep = logarithm(largest(a->L * lr[l] - 1.0, 0x1p-1022), 0.0);
            factor[l] = largest(factor[l], steep);
        }
    EACH_LANE n[LOG_FACTOR].at[l] += factor[l];
}

/* Project on the bounds and then on the ball; measure the distance of the lanes that moved. */
static void confine(const leg *a, lanes *W, lanes *n)
{
    for (int l = 0; l < LANES; l++) {
        int moved = 0;
        if (a->lower)
            for (int64_t j = 0; j < a->n_features; j++) {
                double w = smallest(largest(W[j].at[l], a->lower[j]), a->upper[j]);
                moved |= w != W[j].at[l];
                W[j].at[l] = w;
            }
        if (a->centre) {
            double distance = 0.0;
            for (int64_t j = 0; j < a->n_features; j++) {
                double u = W[j].at[l] - a->centre[j];
                distance += u * u;
            }
            distance = sqrt(distance);
            if (distance > a->radius) {
                moved = 1;
                for (int64_t j = 0; j < a->n_features; j++) {
                    double u = W[j].at[l] - a->centre[j];
                    W[j].at[l] = a->centre[j] + u * (a->radius / distance);
                }
            }
        }
        if (a->w_star && moved) {
            double distance = 0.0;
            for (int64_t j = 0; j < a->n_features; j++) {
                double u = W[j].at[l] - a->w_star[j];
                distance += u * u;
            }
            n[DISTANCE].at[l] = distance;
        }
    }
}

/* Add the (sub)gradient of the penalty to G. */
static void penalise(const leg *a, const lanes *W, lanes *G)
{
    for (int64_t j = 0; j < a->n_penalised; j++)
        if (a->l1 != 0.0)
            EACH_LANE G[j].at[l] += a->l1 * sign(W[j].at[l]) + a->l2 * W[j].at[l];
        else
            EACH_PART G[j].part[h] += a->l2 * W[j].part[h];
}

/* ---- steps that visit few columns ------------------------------------------------------------ */

/* The step w - lr (h + l2 w) shrinks all coordinates, and h has few. Over a window of steps
 * w = scale v, where v changes in the columns of h alone, and the running sum is S + sum v, where
 * `sum` is that of the scales. |w|^2, <w, w_star> and <direction, w> follow from the step before.
 * An intercept, which is not shrunk, is no part of all that: it is visited in every step. */
typedef struct {
    lanes scale, sum, norm, peak, of_star, of_direction;
} shrunk;

static inline int64_t n_shrunk(const leg *a)
{
    return a->l2 != 0.0 ? a->n_penalised : a->n_features;
}

/* Begin anew with v = w for one lane, and measure its products. */
static void measure_lane(const leg *a, lanes *W, lanes *S, shrunk *u, int l)
{
    double norm = 0.0, of_star = 0.0, of_direction = 0.0;
    for (int64_t j = 0; j < n_shrunk(a); j++) {
        S[j].at[l] += u->sum.at[l] * W[j].at[l];
        double w = W[j].at[l] *= u->scale.at[l];
        norm += w * w;
        of_star += a->reference[j] * w;
        of_direction += a->direction[j] * w;
    }
    u->scale.at[l] = 1.0, u->sum.at[l] = 0.0;
    u->norm.at[l] = u->peak.at[l] = norm;
    u->of_star.at[l] = of_star, u->of_direction.at[l] = of_direction;
}

/* The same for all lanes, with the same bits. */
static void measure(const leg *a, lanes *restrict W, lanes *restrict S, shrunk *u)
{
    const lanes scale = u->scale, sum = u->sum;
    lanes norm = {{{0.0}}}, of_star = norm, of_direction = norm;
    for (int64_t j = 0; j < n_shrunk(a); j++)
        EACH_PART {
            S[j].part[h] += sum.part[h] * W[j].part[h];
            vector w = W[j].part[h] * scale.part[h];
            W[j].part[h] = w;
            norm.part[h] += w * w;
            of_star.part[h] += a->reference[j] * w;
            of_direction.part[h] += a->direction[j] * w;
        }
    EACH_LANE u->scale.at[l] = 1.0, u->sum.at[l] = 0.0;
    u->norm = u->peak = norm, u->of_star = of_star, u->of_direction = of_direction;
}

/* Write the shrunk parts of the scores to P and the derivatives times 1 / batch_size to R; add the
 * gradient of the loss to G. Return the number of the columns that are visited, all but that of an
 * intercept. */
static int64_t visit(const leg *a, const int64_t *samples, const lanes *restrict W,
                     lanes *restrict G, lanes *restrict R, lanes *restrict P, const shrunk *u,
                     int64_t *columns, int64_t *stamps, int64_t stamp)
{
    const int64_t p = n_shrunk(a);
    const lanes scale = u->scale;
    int64_t n_columns = 0;
    for (int64_t i = 0; i < a->batch_size; i++) {
        const int64_t stop = row_end(a, samples[i] + 1);
        lanes z = {{{0.0}}}, rest = z;
        for (int64_t k = row_end(a, samples[i]); k < stop; k++) {
            const int64_t j = a->columns[k];
            if (j < p)
                EACH_PART z.part[h] += a->x[k] * W[j].part[h];
            else
                EACH_PART rest.part[h] += a->x[k] * W[j].part[h];
        }
        EACH_PART P[i].part[h] = scale.part[h] * z.part[h];
        EACH_PART R[i].part[h] = P[i].part[h] + rest.part[h];
        derivatives(a, R + i, a->y[samples[i]], 1.0 / (double)a->batch_size);
        const lanes r = R[i];
        for (int64_t k = row_end(a, samples[i]); k < stop; k++) {
            const int64_t j = a->columns[k];
            EACH_PART G[j].part[h] += a->x[k] * r.part[h];
            if (stamps[j] != stamp && j < p)
                columns[n_columns++] = j;
            stamps[j] = stamp;
        }
    }
    return n_columns;
}

static inline int has_lost_digits(const shrunk *u, int l)
{
    const double size = fabs(u->scale.at[l]);
    return size < 0x1p-10 || size > 0x1p10 || u->norm.at[l] < 0x1p-10 * u->peak.at[l];
}

/* A step of a block that visits few columns; G is 0 before and after it. */
static void make_light_step(const leg *a, const int64_t *samples, int64_t step, lanes *restrict W,
                            lanes *restrict S, lanes *restrict G, lanes *restrict R, lanes *n,
                            shrunk *u, int64_t *columns, int64_t *stamps)
{
    const lanes none = {{{0.0}}};
    const int64_t p = n_shrunk(a), intercept = p < a->n_features;
    lanes *P = R + a->batch_size;
    EACH_LANE u->sum.at[l] += u->scale.at[l];
    EACH_LANE n[CHECKSUM].at[l] += u->of_direction.at[l];
    lanes w = none, g = none; /* of an intercept */
    if (intercept) {
        w = W[p];
        EACH_LANE S[p].at[l] += w.at[l];
        EACH_LANE n[CHECKSUM].at[l] += a->direction[p] * w.at[l];
    }
    const int64_t n_columns = visit(a, samples, W, G, R, P, u, columns, stamps, a->t + step + 1);
    lanes norm = none, of_W = none, of_star = none, of_direction = none;
    for (int64_t i = 0; i < a->batch_size; i++)
        EACH_PART of_W.part[h] += R[i].part[h] * P[i].part[h];
    for (int64_t k = 0; k < n_columns; k++) {
        const int64_t j = columns[k];
        EACH_PART {
            norm.part[h] += G[j].part[h] * G[j].part[h];
            of_star.part[h] += a->reference[j] * G[j].part[h];
            of_direction.part[h] += a->direction[j] * G[j].part[h];
        }
    }
    if (intercept)
        g = G[p], G[p] = none;
    const double l2 = a->l2, star = intercept ? a->reference[p] : 0.0;
    EACH_LANE {
        double of_penalty = 2.0 * l2 * of_W.at[l] + l2 * l2 * u->norm.at[l];
        double norm_sq = norm.at[l] + of_penalty + g.at[l] * g.at[l];
        n[GRAD_NORM_SQ].at[l] = largest(norm_sq, 0.0);
    }
    if (a->w_star)
        EACH_LANE {
            double product = of_W.at[l] + l2 * u->norm.at[l] + g.at[l] * w.at[l];
            double product_star = of_star.at[l] + l2 * u->of_star.at[l] + g.at[l] * star;
            n[SLOPE].at[l] = product - product_star;
        }
    set_rates(a, n, step);
    track(a, n, a->t + step);
    const double *lr = n[LR].at;
    lanes factor, change;
    double lost = 0.0;
    EACH_LANE {
        double shrink = 1.0 - lr[l] * l2, square = u->norm.at[l];
        u->scale.at[l] *= shrink;
        square = shrink * (shrink * square - 2.0 * lr[l] * of_W.at[l]);
        u->norm.at[l] = square += lr[l] * lr[l] * norm.at[l];
        u->of_star.at[l] = shrink * u->of_star.at[l] - lr[l] * of_star.at[l];
        u->of_direction.at[l] = shrink * u->of_direction.at[l] - lr[l] * of_direction.at[l];
        u->peak.at[l] = largest(u->peak.at[l], square);
    }
    ONE_LANE_AFTER_ANOTHER lost += has_lost_digits(u, l) ? 1.0 : 0.0;
    lanes fresh = none; /* lanes whose recurrences have lost digits */
    if (lost > 0.0)
        for (int l = 0; l < LANES; l++) {
            if (has_lost_digits(u, l)) {
                fresh.at[l] = 1.0;
                measure_lane(a, W, S, u, l);
            }
        }
    EACH_LANE factor.at[l] = lr[l] / u->scale.at[l];
    EACH_LANE change.at[l] = u->sum.at[l] * factor.at[l];
    for (int64_t k = 0; k < n_columns; k++) {
        const int64_t j = columns[k];
        EACH_PART {
            W[j].part[h] -= factor.part[h] * G[j].part[h];
            S[j].part[h] += change.part[h] * G[j].part[h];
            G[j].part[h] = none.part[h];
        }
    }
    if (intercept)
        EACH_LANE W[p].at[l] -= lr[l] * g.at[l];
    if (lost > 0.0)
        for (int l = 0; l < LANES; l++)
            if (fresh.at[l] > 0.0)
                measure_lane(a, W, S, u, l);
}

/* ---- blocks ---------------------------------------------------------------------------------- */

/* Add the iterate to the running sum, measure its checksum, and clear the gradient. */
static void begin_step(const leg *a, const lanes *restrict W, lanes *restrict S,
                       lanes *restrict G, lanes *n)
{
    lanes checksum = {{{0.0}}};
    for (int64_t j = 0; j < a->n_features; j++)
        EACH_PART {
            S[j].part[h] += W[j].part[h];
            checksum.part[h] += a->direction[j] * W[j].part[h];
            G[j].part[h] = (vector){0.0};
        }
    EACH_LANE n[CHECKSUM].at[l] += checksum.at[l];
}

/* A step of a block: W is its iterate, S its running sum, n its numbers. */
static void make_step(const leg *a, const int64_t *samples, int64_t step, lanes *restrict W,
                      lanes *restrict S, lanes *restrict G, lanes *restrict R, lanes *n)
{
    lanes norm = {{{0.0}}}, of_W = norm, of_star = norm;
    /* Before the step: the average of the theorems is that of w_0, ..., w_{T-1}. */
    begin_step(a, W, S, G, n);
    if (a->columns)
        sparse_gradient(a, samples, W, G, R);
    else
        dense_gradient(a, samples, W, G, R);
    if (a->l1 != 0.0 || a->l2 != 0.0)
        penalise(a, W, G);
    for (int64_t j = 0; j < a->n_features; j++)
        EACH_PART {
            vector g = G[j].part[h];
            norm.part[h] += g * g;
            of_W.part[h] += g * W[j].part[h];
            of_star.part[h] += a->reference[j] * g;
        }
    n[GRAD_NORM_SQ] = norm;
    if (a->w_star)
        EACH_LANE n[SLOPE].at[l] = of_W.at[l] - of_star.at[l];
    set_rates(a, n, step);
    track(a, n, a->t + step);
    const lanes lr = n[LR];
    for (int64_t j = 0; j < a->n_features; j++)
        EACH_PART W[j].part[h] -= lr.part[h] * G[j].part[h];
    if (a->lower || a->centre)
        confine(a, W, n);
}

/* Copy `rows` rows of LANES lanes from an array of the caller; lanes that it lacks are copies. */
static void load(lanes *out, const double *from, int64_t rows, int64_t stride, int64_t width)
{
    for (int64_t j = 0; j < rows; j++)
        for (int64_t l = 0; l < LANES; l++)
            out[j].at[l] = from[j * stride + (l < width ? l : width - 1)];
}

/* Vectors of the workspace of a block: iterate, running sum, numbers. */
static int64_t block_size(const leg *a) { return 2 * a->n_features + N_NUMBERS; }

int64_t lrbench_workspace(const leg *a)
{
    int64_t vectors = a->n_blocks * block_size(a) + a->n_features + 2 * a->batch_size;
    return vectors * (int64_t)sizeof(lanes) + 2 * a->n_features * (int64_t)sizeof(int64_t);
}

/* What this file was built from. */
const char *lrbench_source(void) { return LRBENCH_SOURCE; }

/* The level of the instruction set of this processor: 3 and 4 of x86-64, 1 for any other. */
int64_t lrbench_level(void)
{
#if defined(__x86_64__) && defined(__GNUC__)
    __builtin_cpu_init();
    if (!(__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi")
          && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma")))
        return 1;
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
        && __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq")
        && __builtin_cpu_supports("avx512vl") ? 4 : 3;
#else
    return 1;
#endif
}

/* The size of `leg`, by which the caller checks that it means the same fields. */
int64_t lrbench_size(void) { return (int64_t)sizeof(leg) + ((int64_t)N_NUMBERS << 32); }

/* Copy the lanes that have just diverged to the caller: `made` steps are done. */
static void note_diverged(const leg *a, int64_t b, lanes *W, lanes *S, lanes *n, shrunk *u,
                          int64_t made)
{
    for (int64_t l = 0; l < a->width[b]; l++) {
        const int64_t lane = a->first[b] + l;
        if (n[GRAD_NORM_SQ].at[l] < INFINITY || a->diverged[lane] >= 0) /* false for NaN */
            continue;
        a->diverged[lane] = made;
        if (u)
            measure_lane(a, W, S, u, (int)l);
        for (int64_t j = 0; j < a->n_features; j++) {
            a->W[j * a->n_lanes + lane] = W[j].at[l];
            a->running_sum[j * a->n_lanes + lane] = S[j].at[l];
        }
        for (int64_t j = 0; j < N_STATE; j++)
            a->numbers[j * a->n_lanes + lane] = n[j].at[l];
    }
}

/* Copy rows to the caller, but for the lanes that have diverged. */
static void store(const leg *a, int64_t b, double *to, const lanes *from, int64_t rows)
{
    for (int64_t l = 0; l < a->width[b]; l++)
        if (a->diverged[a->first[b] + l] < 0)
            for (int64_t j = 0; j < rows; j++)
                to[j * a->n_lanes + a->first[b] + l] = from[j].at[l];
}

static int all_finite(const double *norms)
{
    int finite = 1;
    ONE_LANE_AFTER_ANOTHER finite &= norms[l] < INFINITY; /* false for NaN */
    return finite;
}

/* Ask for the first row of a later minibatch: rows are far from each other. */
static inline void fetch(const leg *a, int64_t sample)
{
#if defined(__GNUC__)
    const int64_t k = row_end(a, sample);
    __builtin_prefetch(a->x + k);
    __builtin_prefetch(a->x + k + 8);
    __builtin_prefetch(a->columns + k);
#endif
}

/* The steps from `start` to `stop` of a block. */
static void make_window(const leg *a, int64_t b, int64_t start, int64_t stop, lanes *W, lanes *G)
{
    const int64_t d = a->n_features, size = a->batch_size;
    const int64_t *samples = a->samples + a->seed[b] * a->sample_stride;
    lanes *S = W + d, *n = S + d, *R = G + d;
    int64_t *columns = (int64_t *)(R + 2 * size), *stamps = columns + d;
    const int light = a->few_columns && !a->gradient;
    shrunk u;
    if (light) {
        memset(G, 0, (size_t)d * sizeof(lanes));
        memset(stamps, 0, (size_t)d * sizeof(int64_t));
        EACH_LANE u.scale.at[l] = 1.0, u.sum.at[l] = 0.0;
        measure(a, W, S, &u);
    }
    for (int64_t step = start; step < stop; step++) {
        if (a->columns && step + AHEAD < stop)
            fetch(a, samples[(step + AHEAD) * size]);
        if (light)
            make_light_step(a, samples + step * size, step, W, S, G, R, n, &u, columns, stamps);
        else
            make_step(a, samples + step * size, step, W, S, G, R, n);
        if (!all_finite(n[GRAD_NORM_SQ].at))
            note_diverged(a, b, W, S, n, light ? &u : NULL, step + 1);
    }
    if (light)
        measure(a, W, S, &u);
}

/* Do `n_steps` steps. A window of light steps ends where the number of steps since the first one of
 * all is a multiple of WINDOW_STEPS, whatever the call: its end may change the last bits. */
void lrbench_steps(const leg *a)
{
    const int64_t d = a->n_features, stride = a->n_lanes, size = block_size(a);
    lanes *blocks = (lanes *)a->workspace, *G = blocks + a->n_blocks * size;
    int64_t window = WINDOW_BYTES / (a->batch_size * 8 * (a->columns ? 32 : d));
    window = window < 1 ? 1 : window;
    for (int64_t b = 0; b < a->n_blocks; b++) {
        lanes *W = blocks + b * size;
        load(W, a->W + a->first[b], d, stride, a->width[b]);
        load(W + d, a->running_sum + a->first[b], d, stride, a->width[b]);
        load(W + 2 * d, a->numbers + a->first[b], N_NUMBERS, stride, a->width[b]);
    }
    for (int64_t done = 0; done < a->n_steps;) {
        int64_t until = done + window;
        if (a->few_columns)
            until = done + WINDOW_STEPS - (a->t + done) % WINDOW_STEPS;
        until = until < a->n_steps ? until : a->n_steps;
        for (int64_t b = 0; b < a->n_blocks; b++) {
            make_window(a, b, done, until, blocks + b * size, G);
            if (a->gradient)
                store(a, b, a->gradient, G, d);
        }
        done = until;
    }
    for (int64_t b = 0; b < a->n_blocks; b++) {
        lanes *W = blocks + b * size;
        store(a, b, a->W, W, d);
        store(a, b, a->running_sum, W + d, d);
        store(a, b, a->numbers, W + 2 * d, N_STATE);
    }
}
