/* Steps of gradient methods on minibatches of a linear model, for blocks of LANES lanes.
 *
 * A block goes through a window of steps before the next one starts, so that its iterate and
 * running sum stay in the cache. A lane whose gradient is not finite has diverged: what it is then
 * is copied to the caller, and the other lanes go on to the end. */
#include "coordinates.h"
#include "few_columns.h"

/* Take the step along G that is due, add the iterate to the running sum, and clear the gradient.
 * The sum is added to before the next step: the average of the theorems is that of w_0, ...,
 * w_{T-1}. */
static void begin_step(block *k)
{
    const leg *a = k->a;
    lanes *restrict W = k->W, *restrict S = k->S, *restrict G = k->G;
    const lanes lr = k->pending;
    lanes checksum = NONE;
    for (int64_t j = 0; j < a->n_features; j++)
        EACH_PART {
            vector w = W[j].part[h] - lr.part[h] * G[j].part[h];
            W[j].part[h] = w;
            S[j].part[h] += w;
            checksum.part[h] += a->direction[j] * w;
            G[j].part[h] = NONE.part[h];
        }
    k->pending = NONE;
    EACH_LANE k->n[CHECKSUM].at[l] += checksum.at[l];
}

/* Take the step along G that is due. */
static void take_step(block *k)
{
    lanes *restrict W = k->W;
    const lanes *restrict G = k->G;
    const lanes lr = k->pending;
    for (int64_t j = 0; j < k->a->n_features; j++)
        EACH_PART W[j].part[h] -= lr.part[h] * G[j].part[h];
    k->pending = NONE;
}

/* Add the penalty's part to G, and measure |g|^2 and <g, w - w_star>. */
static void finish_gradient(block *k)
{
    const leg *a = k->a;
    const lanes *restrict W = k->W;
    lanes *restrict G = k->G;
    lanes norm = NONE, slope = NONE;
    if (a->l1 != 0.0)
        penalise(a, W, G);
    const int64_t p = a->l1 == 0.0 && a->l2 != 0.0 ? a->n_penalised : 0;
    for (int64_t j = 0; j < p; j++)
        EACH_PART {
            vector w = W[j].part[h], g = G[j].part[h] + a->l2 * w;
            G[j].part[h] = g;
            norm.part[h] += g * g;
            slope.part[h] += g * (w - a->reference[j]);
        }
    for (int64_t j = p; j < a->n_features; j++)
        EACH_PART {
            vector g = G[j].part[h];
            norm.part[h] += g * g;
            slope.part[h] += g * (W[j].part[h] - a->reference[j]);
        }
    k->n[GRAD_NORM_SQ] = norm;
    if (a->w_star)
        k->n[SLOPE] = slope;
}

/* Add a step at the rates LR to the sums, and let it be due; take it where it may be shortened. */
static void end_step(block *k, int64_t t)
{
    const leg *a = k->a;
    track(a, k->n, t);
    k->pending = k->n[LR];
    if (a->lower || a->centre) {
        take_step(k);
        confine(a, k->W, k->n);
    }
}

/* The rule of a step whose gradient is there, the step, and its sums. */
static void follow_rule(block *k, int64_t step)
{
    const leg *a = k->a;
    if (a->rule < COORDINATES) {
        set_rates(k, step);
        end_step(k, a->t + step);
        return;
    }
    if (a->rule == COORDINATES)
        take_coordinate_step(k, step);
    else
        take_mean_step(k, step);
    track(a, k->n, a->t + step);
    if (a->lower || a->centre)
        confine(a, k->W, k->n);
    measure_distances(a, k->W, k->n); /* no recurrence has them */
}

/* A step of a block. */
static void make_step(block *k, const rows *r, int64_t step)
{
    begin_step(k);
    add_gradient(k, r, k->a->batch_size);
    finish_gradient(k);
    follow_rule(k, step);
}

/* ---- blocks ---------------------------------------------------------------------------------- */

/* Copy `rows` rows of LANES lanes from an array of the caller; lanes that it lacks are copies. */
static void load(const block *k, lanes *out, const double *from, int64_t rows)
{
    for (int64_t j = 0; j < rows; j++)
        for (int64_t l = 0; l < LANES; l++) {
            const int64_t lane = k->first + (l < k->width ? l : k->width - 1);
            out[j].at[l] = from[j * k->a->n_lanes + lane];
        }
}

/* Copy rows to the caller, but for the lanes that have diverged. */
static void store(const block *k, double *to, const lanes *from, int64_t rows)
{
    for (int64_t j = 0; j < rows; j++)
        for (int64_t l = 0; l < k->width; l++)
            if (k->a->diverged[k->first + l] < 0)
                to[j * k->a->n_lanes + k->first + l] = from[j].at[l];
}

/* Let the arrays of a block be in its part of the workspace, behind which is what all share. */
static block place(const leg *a, int64_t b, int64_t resident)
{
    const int64_t d = a->n_features, arrays = 2 + (a->mean != NULL) + (a->square != NULL);
    lanes *own = (lanes *)a->workspace + b % resident * (arrays * d + N_NUMBERS);
    lanes *shared = (lanes *)a->workspace + resident * (arrays * d + N_NUMBERS);
    block k = {.a = a, .first = a->first[b], .width = a->width[b], .W = own, .S = own + d};
    own += 2 * d;
    if (a->mean)
        k.M = own, own += d;
    if (a->square)
        k.V = own, own += d;
    k.n = own, k.G = shared, k.R = shared + d;
    k.copies = (copied_rows *)(k.R + 3 * ROWS);
    k.columns = (int64_t *)(k.copies + 1), k.stamps = k.columns + d + 1;
    return k;
}

/* The rows of a seed from a step on. */
static rows rows_of(const leg *a, int64_t seed, int64_t step)
{
    rows r = {.x = a->x, .y = a->y, .columns = a->columns, .ends = a->row_ends};
    r.wide_ends = a->wide_ends;
    if (a->samples)
        r.samples = a->samples + seed * a->sample_stride + step * a->batch_size;
    return r;
}

/* The steps of a window: its end may change the last bits of steps that visit few columns. */
static int64_t window_steps(const leg *a)
{
    if (a->few_columns)
        return WINDOW_STEPS;
    const int64_t of_rows = COPIED_ROWS / a->batch_size;
    const int64_t of_entries = COPIED_ENTRIES / (a->batch_size * a->row_entries);
    const int64_t steps = of_rows < of_entries ? of_rows : of_entries;
    return steps < 1 ? 1 : steps;
}

/* The blocks that stay in the workspace: all, or one where each has but one window. */
static int64_t n_resident(const leg *a)
{
    return a->n_steps <= window_steps(a) - (a->few_columns ? a->t % WINDOW_STEPS : 0)
        ? 1 : a->n_blocks;
}

int64_t SIZE(const leg *a)
{
    const int64_t d = a->n_features, arrays = 2 + (a->mean != NULL) + (a->square != NULL);
    const int64_t vectors = n_resident(a) * (arrays * d + N_NUMBERS) + d + 3 * ROWS;
    return vectors * (int64_t)sizeof(lanes) + (int64_t)sizeof(copied_rows)
        + (2 * d + 1) * (int64_t)sizeof(int64_t);
}

static void load_block(const block *k)
{
    const leg *a = k->a;
    load(k, k->W, a->W, a->n_features);
    load(k, k->S, a->running_sum, a->n_features);
    load(k, k->n, a->numbers, N_NUMBERS);
    if (k->M)
        load(k, k->M, a->mean, a->n_features);
    if (k->V)
        load(k, k->V, a->square, a->n_features);
}

static void store_block(const block *k)
{
    const leg *a = k->a;
    store(k, a->W, k->W, a->n_features);
    store(k, a->running_sum, k->S, a->n_features);
    store(k, a->numbers, k->n, N_STATE);
    if (k->M)
        store(k, a->mean, k->M, a->n_features);
    if (k->V)
        store(k, a->square, k->V, a->n_features);
}

/* Copy the lanes that have just diverged to the caller: `made` steps are done. */
static void note_diverged(block *k, shrunk *u, int64_t made)
{
    const leg *a = k->a;
    if (a->rule < COORDINATES && !a->lower && !a->centre) /* else it is taken */
        take_step(k);
    for (int64_t l = 0; l < k->width; l++) {
        const int64_t lane = k->first + l;
        if (k->n[GRAD_NORM_SQ].at[l] < INFINITY || a->diverged[lane] >= 0) /* false for NaN */
            continue;
        a->diverged[lane] = made;
        if (a->few_columns)
            measure_lane(k, u, (int)l);
        for (int64_t j = 0; j < a->n_features; j++) {
            a->W[j * a->n_lanes + lane] = k->W[j].at[l];
            a->running_sum[j * a->n_lanes + lane] = k->S[j].at[l];
        }
        for (int64_t j = 0; j < N_STATE; j++)
            a->numbers[j * a->n_lanes + lane] = k->n[j].at[l];
    }
}

static inline int some_diverged(const lanes *norms)
{
    lanes diverged;
    EACH_LANE diverged.at[l] = norms->at[l] < INFINITY ? 0.0 : 1.0; /* 1 for NaN */
    return any(&diverged);
}

/* The steps from `start` to `stop` of a block. */
static void make_window(block *k, int64_t start, int64_t stop)
{
    const leg *a = k->a;
    const int64_t size = a->batch_size;
    shrunk u = {.scale = copies(1.0)};
    memset(k->G, 0, (size_t)a->n_features * sizeof(lanes));
    k->pending = NONE;
    if (a->few_columns) {
        memset(k->stamps, 0, (size_t)a->n_features * sizeof(int64_t));
        measure(k, &u);
    }
    for (int64_t step = start; step < stop; step++) {
        const rows r = a->samples ? later(k->r, (step - start) * size) : k->r;
        if (a->few_columns)
            make_light_step(k, &r, step, &u);
        else
            make_step(k, &r, step);
        if (some_diverged(k->n + GRAD_NORM_SQ))
            note_diverged(k, &u, step + 1);
    }
    if (a->few_columns)
        measure(k, &u);
    else
        take_step(k);
    if (a->gradient)
        store(k, a->gradient, k->G, a->n_features);
}

/* Do `n_steps` steps. A window of steps that visit few columns ends where the number of steps since
 * the first one of all is a multiple of WINDOW_STEPS, whatever the call. */
void STEPS(const leg *a)
{
    const int64_t window = window_steps(a), resident = n_resident(a);
    if (resident > 1)
        for (int64_t b = 0; b < a->n_blocks; b++) {
            const block k = place(a, b, resident);
            load_block(&k);
        }
    for (int64_t done = 0; done < a->n_steps;) {
        int64_t until = done + window - (a->few_columns ? (a->t + done) % WINDOW_STEPS : 0);
        until = until < a->n_steps ? until : a->n_steps;
        rows r;
        for (int64_t b = 0; b < a->n_blocks; b++) {
            block k = place(a, b, resident);
            if (resident == 1)
                load_block(&k);
            if (b == 0 || a->seed[b] != a->seed[b - 1])
                r = copied(a, rows_of(a, a->seed[b], done), (until - done) * a->batch_size, k.copies);
            k.r = r;
            make_window(&k, done, until);
            if (resident == 1)
                store_block(&k);
        }
        done = until;
    }
    if (resident > 1)
        for (int64_t b = 0; b < a->n_blocks; b++) {
            const block k = place(a, b, resident);
            store_block(&k);
        }
}
