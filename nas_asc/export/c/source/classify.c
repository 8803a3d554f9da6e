#include "classify.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "network.h"

static const struct classify_settings default_settings = {CLASSIFY_CLIP_FRAMES, 1, 0.0f, 0};

static struct classify_settings used;
static struct classify_decision latest;
static int8_t columns[LOG_MEL_N_FRAMES][LOG_MEL_COLUMN_BYTES]; /* a ring */
static int32_t next_column;
static int32_t n_until_decision; /* frames */
static float recent[CLASSIFY_MOST_SMOOTHED][CLASSIFY_N_CLASSES]; /* a ring */
static int32_t n_until_silent; /* decisions */

void classify_init(const struct classify_settings *settings)
{
    used = settings == NULL ? default_settings : *settings;
    used.step_frames = used.step_frames < 1 ? 1 : used.step_frames;
    used.n_smoothed = used.n_smoothed < 1 ? 1 : used.n_smoothed;
    used.n_smoothed = used.n_smoothed > CLASSIFY_MOST_SMOOTHED ? CLASSIFY_MOST_SMOOTHED : used.n_smoothed;
    classify_reset();
}

void classify_reset(void)
{
    log_mel_reset();
    memset(&latest, 0, sizeof latest);
    latest.heard = -1;
    next_column = 0;
    n_until_decision = LOG_MEL_N_FRAMES;
    n_until_silent = 0;
}

static void copy_columns(int8_t *features)
{
    for (int32_t band = 0; band < LOG_MEL_N_BANDS; band++) {
        for (int32_t frame = 0; frame < LOG_MEL_N_FRAMES; frame++) {
            const int32_t place = next_column + frame;
            const int8_t *column = columns[place < LOG_MEL_N_FRAMES ? place : place - LOG_MEL_N_FRAMES];
            for (int32_t channel = 0; channel < LOG_MEL_N_CHANNELS; channel++) {
                *features++ = column[band * LOG_MEL_N_CHANNELS + channel];
            }
        }
    }
}

static void find_probabilities(const int8_t *logits, float *probabilities)
{
    int8_t most = logits[0];
    float total = 0.0f;
    for (int32_t i = 1; i < CLASSIFY_N_CLASSES; i++) {
        most = logits[i] > most ? logits[i] : most;
    }
    for (int32_t i = 0; i < CLASSIFY_N_CLASSES; i++) {
        probabilities[i] = expf((float)(logits[i] - most) * NETWORK_OUTPUT_SCALE);
        total += probabilities[i];
    }
    for (int32_t i = 0; i < CLASSIFY_N_CLASSES; i++) {
        probabilities[i] /= total;
    }
}

static void smooth(void)
{
    const int32_t n_known = latest.n_decisions < used.n_smoothed ? latest.n_decisions : used.n_smoothed;
    latest.best = 0;
    for (int32_t i = 0; i < CLASSIFY_N_CLASSES; i++) {
        float total = 0.0f;
        for (int32_t one = 0; one < n_known; one++) {
            total += recent[one][i];
        }
        latest.probabilities[i] = total / (float)n_known;
        latest.best = latest.probabilities[i] > latest.probabilities[latest.best] ? i : latest.best;
    }
}

static void decide(void)
{
    copy_columns(network_input());
    find_probabilities(network_run(), recent[latest.n_decisions % used.n_smoothed]);
    latest.n_decisions++;
    smooth();
    if (latest.probabilities[latest.best] >= used.threshold) {
        latest.heard = latest.best;
        n_until_silent = used.n_held;
    } else if (n_until_silent > 0) {
        n_until_silent--;
    } else {
        latest.heard = -1;
    }
}

int32_t classify_push(const int16_t *samples, int32_t n)
{
    const int32_t n_before = latest.n_decisions;
    while (n > 0) {
        int is_whole;
        const int32_t n_taken = log_mel_push(samples, n, columns[next_column], &is_whole);
        samples += n_taken * LOG_MEL_N_CHANNELS;
        n -= n_taken;
        if (!is_whole) {
            continue;
        }
        next_column = next_column + 1 < LOG_MEL_N_FRAMES ? next_column + 1 : 0;
        if (--n_until_decision == 0) {
            n_until_decision = used.step_frames;
            decide();
        }
    }
    return latest.n_decisions - n_before;
}

const struct classify_decision *classify_result(void)
{
    return &latest;
}
