/* Steps of gradient methods on minibatches of a linear model, for blocks of LANES lanes.
 *
 * A block goes through a window of steps before the next one starts, so that its iterate and
 * running sum stay in the cache. A lane whose gradient is not finite has diverged: what it is then
 * is copied to the caller, and the other lanes go on to the end. */
#include "blocks.h"
#include "coordinates.h"

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
    track(k, t);
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
    track(k, a->t + step);
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

/* Copy the lanes that have just diverged to the caller: `made` steps are done. */
static void note_diverged(block *k, shrunk *u, int64_t made)
{
    const leg *a = k->a;
    lanes ends;
    EACH_LANE ends.at[l] = k->n[GRAD_NORM_SQ].at[l] < INFINITY ? 0.0 : 1.0; /* 1 for NaN */
    if (k->waits && a->mu != 0.0)
        add_logs(k, &ends);
    if (!a->few_columns && a->rule < COORDINATES && !a->lower && !a->centre) /* else it is taken */
        take_step(k);
    for (int64_t l = 0; l < k->width; l++) {
        const int64_t lane = k->first + l;
        if (ends.at[l] == 0.0 || a->diverged[lane] >= 0)
            continue;
        a->diverged[lane] = made;
        if (a->few_columns && !a->scales)
            measure_lane(k, u, (int)l);
        for (int64_t c = 0; c < k->n_columns; c++) {
            const int64_t j = k->features ? k->features[c] : c;
            a->W[j * a->n_lanes + lane] = k->W[c].at[l];
            a->running_sum[j * a->n_lanes + lane] = k->S[c].at[l];
        }
        for (int64_t j = 0; j < N_STATE; j++)
            a->numbers[j * a->n_lanes + lane] = k->n[j].at[l];
        for (int64_t j = 0; a->scales && j < N_SCALES; j++)
            a->scales[j * a->n_lanes + lane] = ((const lanes *)u)[j].at[l];
    }
}

static inline int some_diverged(const lanes *norms)
{
    lanes diverged;
    EACH_LANE diverged.at[l] = norms->at[l] < INFINITY ? 0.0 : 1.0; /* 1 for NaN */
    return any(&diverged);
}

/* The steps from `start` to `stop` of a block, whose rows begin at `start`. */
static void make_steps(block *k, int64_t start, int64_t stop, shrunk *u)
{
    const leg *a = k->a;
    k->pending = k->due[0] = k->due[1] = NONE;
    if (a->few_columns != ONE_ROW)
        memset(k->G, 0, (size_t)k->n_columns * sizeof(lanes));
    if (a->few_columns == SEVERAL_ROWS)
        memset(k->stamps, 0, (size_t)k->n_columns * sizeof(int64_t));
    for (int64_t step = start; step < stop; step++) {
        const int64_t before = (step - start) * a->batch_size;
        const rows r = a->samples ? later(k->r, before) : k->r;
        for (int64_t i = before; i < before + a->batch_size && i < k->n_ahead; i++)
            fetch(&k->ahead, k->ahead.samples[i]);
        if (a->few_columns)
            make_light_step(k, &r, step, u);
        else
            make_step(k, &r, step);
        if (some_diverged(k->n + GRAD_NORM_SQ))
            note_diverged(k, u, step + 1);
    }
}

/* A window of a block in all columns. */
static void make_window(block *k, int64_t start, int64_t stop)
{
    const leg *a = k->a;
    const lanes every = copies(1.0);
    k->waits = a->few_columns != 0; /* else a window may end anywhere */
    if (a->few_columns && start == 0) { /* else the end of the window before has measured */
        *k->u = (shrunk){.scale = every};
        measure(k, k->u);
    }
    make_steps(k, start, stop, k->u);
    if (a->few_columns)
        measure(k, k->u);
    else
        take_step(k);
    if (k->waits && a->mu != 0.0)
        add_logs(k, &every);
    if (a->gradient)
        store(k, a->gradient, k->G, a->n_features);
}

/* A window of a block in the touched columns. */
static void make_touched_window(block *k, int64_t start, int64_t stop)
{
    const leg *a = k->a;
    shrunk u;
    lanes unknown;
    load(k, k->n, a->numbers, N_NUMBERS);
    load(k, (lanes *)&u, a->scales, N_SCALES);
    EACH_LANE unknown.at[l] = u.peak.at[l] != u.peak.at[l] ? 1.0 : 0.0;
    if (any(&unknown))
        fold(k, &u, &unknown);
    gather(k, k->W, a->W);
    gather(k, k->S, a->running_sum);
    make_steps(k, start, stop, &u);
    scatter(k, a->W, k->W);
    scatter(k, a->running_sum, k->S);
    store(k, a->scales, (const lanes *)&u, N_SCALES);
    store(k, a->numbers, k->n, N_STATE);
}

/* Do `n_steps` steps in the columns that they touch: the blocks of one seed after those of another,
 * whose windows end elsewhere. */
static void make_touched_steps(const leg *a)
{
    size_t used = 0;
    touched t;
    block k = place_touched(a, &t, &used);
    memset(t.number, -1, (size_t)a->n_features * sizeof(int32_t));
    for (int64_t b = 0, end; b < a->n_blocks; b = end) {
        for (end = b; end < a->n_blocks && a->seed[end] == a->seed[b];)
            end++;
        for (int64_t done = 0, steps; done < a->n_steps; done += steps) {
            const rows all = rows_of(a, a->seed[b], done);
            steps = number_columns(a, &all, a->n_steps - done, &t);
            k.r = rows_of_copies(&t.copies, 1);
            k.n_columns = t.count, k.n_shrunk = t.n_shrunk;
            for (int64_t c = b; c < end; c++) {
                k.first = a->first[c], k.width = a->width[c];
                make_touched_window(&k, done, done + steps);
            }
        }
    }
}

/* Do `n_steps` steps. A window of steps that visit few columns ends where the number of steps since
 * the first one of all is a multiple of WINDOW_STEPS, whatever the call. */
void STEPS(const leg *a)
{
    if (a->scales) {
        make_touched_steps(a);
        return;
    }
    const int64_t window = window_steps(a), resident = n_resident(a);
    for (int64_t b = 0; resident > 1 && b < a->n_blocks; b++) {
        size_t used = 0;
        const block k = place(a, b, resident, &used);
        load_block(&k);
    }
    for (int64_t done = 0; done < a->n_steps;) {
        int64_t until = done + window - (a->few_columns ? (a->t + done) % WINDOW_STEPS : 0);
        until = until < a->n_steps ? until : a->n_steps;
        rows r;
        for (int64_t b = 0; b < a->n_blocks; b++) {
            size_t used = 0;
            block k = place(a, b, resident, &used);
            const copied_rows out = carve_rows(a, &used, COPIED_ENTRIES, COPIED_ROWS);
            if (resident == 1)
                load_block(&k);
            if (b == 0 || a->seed[b] != a->seed[b - 1])
                r = copied(a, rows_of(a, a->seed[b], done), (until - done) * a->batch_size, &out);
            k.r = r;
            if (a->few_columns && (b == 0 || a->seed[b] != a->seed[b - 1])) {
                const int64_t left = a->n_steps - until;
                k.ahead = rows_of(a, a->seed[b], until);
                k.n_ahead = (left < window ? left : window) * a->batch_size;
            }
            make_window(&k, done, until);
            if (resident == 1)
                store_block(&k);
        }
        done = until;
    }
    for (int64_t b = 0; resident > 1 && b < a->n_blocks; b++) {
        size_t used = 0;
        const block k = place(a, b, resident, &used);
        store_block(&k);
    }
}
