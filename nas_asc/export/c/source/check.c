#include "check.h"

#include <stddef.h>
#include <stdio.h>

#include "classify.h"
#include "golden/golden.h"
#include "log_mel.h"
#include "network.h"

static int count_differences(const char *what, const int8_t *found, const int8_t *expected, int32_t n)
{
    int n_different = 0;
    for (int32_t i = 0; i < n; i++) {
        n_different += found[i] != expected[i];
    }
    printf("%s: %d of %ld differ\n", what, n_different, (long)n);
    return n_different;
}

/* Frames whose window lies within the clip are the same in a stream; and where no frame is centred, so is the class. */
static int check_stream(void)
{
    static int8_t column[LOG_MEL_COLUMN_BYTES];
    int32_t frame = 0, n_done = 0, n_compared = 0;
    int n_different = 0;
    log_mel_reset();
    while (n_done < LOG_MEL_CLIP_SAMPLES) {
        int is_whole;
        const int32_t reach = LOG_MEL_IS_CENTERED * (LOG_MEL_WIN_LENGTH + 1) / 2;
        n_done += log_mel_push(golden_samples + n_done * LOG_MEL_N_CHANNELS, LOG_MEL_CLIP_SAMPLES - n_done, column,
                               &is_whole);
        if (is_whole && frame < LOG_MEL_N_FRAMES && frame * LOG_MEL_HOP_LENGTH >= reach) {
            for (int32_t i = 0; i < LOG_MEL_COLUMN_BYTES; i++) {
                const int32_t row = i / LOG_MEL_N_CHANNELS * LOG_MEL_N_FRAMES + frame;
                n_different += column[i] != golden_features[row * LOG_MEL_N_CHANNELS + i % LOG_MEL_N_CHANNELS];
            }
            n_compared += LOG_MEL_COLUMN_BYTES;
        }
        frame += is_whole;
    }
    printf("features of a stream: %d of %ld differ\n", n_different, (long)n_compared);
    if (!LOG_MEL_IS_CENTERED) {
        int32_t best = 0;
        for (int32_t i = 1; i < NETWORK_N_OUTPUTS; i++) {
            best = golden_outputs[i] > golden_outputs[best] ? i : best;
        }
        classify_init(NULL);
        n_different += classify_push(golden_samples, LOG_MEL_CLIP_SAMPLES) != 1 || classify_result()->best != best;
        printf("class of a stream: %s\n", classify_class_names[classify_result()->best]);
    }
    return n_different;
}

int check_golden(void)
{
    int8_t *input = network_input();
    int n_different = 0;
    log_mel_clip(golden_samples, input);
    n_different += count_differences("features of a clip", input, golden_features, NETWORK_INPUT_BYTES);
    for (int32_t i = 0; i < NETWORK_INPUT_BYTES; i++) {
        input[i] = golden_features[i];
    }
    n_different += count_differences("outputs", network_run(), golden_outputs, NETWORK_N_OUTPUTS);
    return n_different + check_stream();
}
