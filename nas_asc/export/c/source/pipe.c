/* For comparisons with other programs: "log_mel" turns clips of 16-bit samples into int8 features, "network" features
   into int8 outputs, "stream" samples into the probabilities (float) of each decision; standard input to output. */
#include <stdio.h>
#include <string.h>

#include "classify.h"
#include "network.h"

static int16_t samples[LOG_MEL_CLIP_SAMPLES * LOG_MEL_N_CHANNELS];

int main(int n_arguments, char **arguments)
{
    const char *what = n_arguments > 1 ? arguments[1] : "";
    if (strcmp(what, "log_mel") == 0) {
        while (fread(samples, sizeof samples, 1, stdin) == 1) {
            log_mel_clip(samples, network_input());
            fwrite(network_input(), 1, NETWORK_INPUT_BYTES, stdout);
        }
    } else if (strcmp(what, "network") == 0) {
        while (fread(network_input(), NETWORK_INPUT_BYTES, 1, stdin) == 1) {
            fwrite(network_run(), 1, NETWORK_N_OUTPUTS, stdout);
        }
    } else if (strcmp(what, "stream") == 0) {
        classify_init(NULL);
        while (fread(samples, 2 * LOG_MEL_N_CHANNELS, 1, stdin) == 1) {
            if (classify_push(samples, 1) > 0) {
                fwrite(classify_result()->probabilities, sizeof(float), CLASSIFY_N_CLASSES, stdout);
            }
        }
    } else {
        fputs("give log_mel, network or stream\n", stderr);
        return 2;
    }
    return 0;
}
