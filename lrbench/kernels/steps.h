/* Steps of gradient methods on minibatches of a linear model, for blocks of LANES lanes.
 *
 * A block goes through a window of steps before the next one starts, so that its iterate and
 * running sum stay in the cache: in all columns, or in those that the rows of the window touch. A
 * lane whose gradient is not finite has diverged: what it is then is copied to the caller, and the
 * other lanes go on to the end. */
#include "coordinates.h"
#include "shrunk.h"

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
    const int64_t p = a->n_penalised;
    for (int64_t j = 0; a->l1 != 0.0 && j < p; j++)
        EACH_LANE G[j].at[l] += a->l1 * sign(W[j].at[l]);
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

static inline int is_constrained(const leg *a) { return a->lower || a->centre; }

/* Project the iterate, and measure its distance where no recurrence has it. */
static void confine_iterate(block *k)
{
    if (is_constrained(k->a))
        confine(k->a, k->W);
    measure_distances(k->a, k->W, k->n);
}

/* Add a step at the rates LR to the sums, and let it be due; take it where it may be shortened. */
static void end_step(block *k, int64_t t)
{
    track(k, t);
    k->pending = k->n[LR];
    if (is_constrained(k->a)) {
        take_step(k);
        confine_iterate(k);
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
    track(k, a->t + step);
    confine_iterate(k);
}

/* A step of a block. */
static void make_step(block *k, const rows *r, int64_t step)
{
    begin_step(k);
    add_gradient(k, r, k->a->batch_size);
    finish_gradient(k);
    follow_rule(k, step);
}

/* Copy the lanes whose last gradient was not finite to the caller: `made` steps are done. */
static void note_diverged(block *k, const shrunk *u, int64_t made)
{
    const leg *a = k->a;
    lanes ends;
    EACH_LANE ends.at[l] = k->n[GRAD_NORM_SQ].at[l] < INFINITY ? 0.0 : 1.0; /* 1 for NaN */
    if (!any(&ends))
        return;
    if (!u && a->rule < COORDINATES && !is_constrained(a)) /* else it is taken */
        take_step(k);
    for (int64_t l = 0; l < k->width; l++) {
        const int64_t lane = k->first + l;
        if (ends.at[l] == 0.0 || a->diverged[lane] >= 0)
            continue;
        a->diverged[lane] = made;
        for (int64_t c = 0; c < k->n_columns; c++) {
            const int64_t j = k->features ? k->features[c] : c;
            a->W[j * a->n_lanes + lane] = k->W[c].at[l];
            a->running_sum[j * a->n_lanes + lane] = k->S[c].at[l];
        }
        for (int64_t j = 0; j < N_STATE; j++)
            a->numbers[j * a->n_lanes + lane] = k->n[j].at[l];
        for (int64_t j = 0; u && j < N_SCALES; j++)
            a->scales[j * a->n_lanes + lane] = ((const lanes *)u)[j].at[l];
    }
}

/* The steps from `start` to `stop` of a block in all columns, whose rows begin at `start`. */
static void make_window(block *k, int64_t start, int64_t stop)
{
    const leg *a = k->a;
    memset(k->G, 0, (size_t)k->n_columns * sizeof(lanes));
    for (int64_t step = start; step < stop; step++) {
        const rows r = a->samples ? later(k->r, (step - start) * a->batch_size) : k->r;
        make_step(k, &r, step);
        note_diverged(k, NULL, step + 1);
    }
    take_step(k);
    if (a->gradient)
        store(k, a->gradient, k->G, a->n_features, NULL);
}

/* The same in the touched columns. */
static void make_touched_window(block *k, const touched *t, int64_t start, int64_t stop)
{
    const leg *a = k->a;
    shrunk u;
    lanes unknown;
    load(k, k->n, a->numbers, N_NUMBERS, NULL);
    load(k, (lanes *)&u, a->scales, N_SCALES, NULL);
    EACH_LANE unknown.at[l] = u.peak.at[l] != u.peak.at[l] ? 1.0 : 0.0;
    if (any(&unknown))
        fold(k, &u, &unknown);
    k->W[t->count] = k->S[t->count] = NONE; /* without an intercept */
    load(k, k->W, a->W, k->n_columns, k->features);
    load(k, k->S, a->running_sum, k->n_columns, k->features);
    for (int64_t step = start; step < stop; step++) {
        make_light_step(k, t, start, step - start, &u);
        note_diverged(k, &u, step + 1);
    }
    store(k, a->W, k->W, k->n_columns, k->features);
    store(k, a->running_sum, k->S, k->n_columns, k->features);
    store(k, a->scales, (const lanes *)&u, N_SCALES, NULL);
    store(k, a->numbers, k->n, N_STATE, NULL);
}

/* Do `n_steps` steps in the columns that they touch: the blocks of one seed after those of another,
 * whose windows end elsewhere. */
static void make_touched_steps(const leg *a)
{
    size_t used = 0;
    touched t;
    block k = place_touched(a, &t, &used);
    k.r = rows_of_copies(&t.copies, 1);
    memset(t.number, -1, (size_t)a->n_features * sizeof(int32_t));
    memset(k.G, 0, (size_t)((char *)k.R - (char *)k.G));
    for (int64_t b = 0, end; b < a->n_blocks; b = end) {
        for (end = b; end < a->n_blocks && a->seed[end] == a->seed[b];)
            end++;
        for (int64_t done = 0, steps; done < a->n_steps; done += steps) {
            const rows all = rows_of(a, a->seed[b], done);
            steps = number_columns(a, &all, a->n_steps - done, &t);
            k.n_columns = t.count + (a->n_penalised < a->n_features);
            for (int64_t c = b; c < end; c++) {
                k.first = a->first[c], k.width = a->width[c];
                make_touched_window(&k, &t, done, done + steps);
            }
        }
    }
}

/* The steps of a window in all columns, whose rows have copies. */
static int64_t window_steps(const leg *a)
{
    const int64_t of_rows = COPIED_ROWS / a->batch_size;
    const int64_t of_entries = COPIED_ENTRIES / (a->batch_size * a->row_entries);
    const int64_t steps = of_rows < of_entries ? of_rows : of_entries;
    return steps < 1 ? 1 : steps;
}

int64_t NAMED(lrbench_size)(const leg *a)
{
    size_t used = 0;
    touched t;
    if (a->scales)
        place_touched(a, &t, &used);
    else
        place(a, 0, &used, &t.copies);
    return (int64_t)used;
}

/* Do `n_steps` steps. */
void NAMED(lrbench_steps)(const leg *a)
{
    if (a->scales) {
        make_touched_steps(a);
        return;
    }
    for (int64_t done = 0, until; done < a->n_steps; done = until) {
        rows r;
        until = done + window_steps(a);
        until = until < a->n_steps ? until : a->n_steps;
        for (int64_t b = 0; b < a->n_blocks; b++) {
            size_t used = 0;
            copied_rows out;
            block k = place(a, b, &used, &out);
            if (done == 0)
                load_block(&k);
            if (b == 0 || a->seed[b] != a->seed[b - 1])
                r = copied(a, rows_of(a, a->seed[b], done), (until - done) * a->batch_size, &out);
            k.r = r;
            make_window(&k, done, until);
            if (until == a->n_steps)
                store_block(&k);
        }
    }
}
