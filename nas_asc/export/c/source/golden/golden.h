/* A recording, and what becomes of it: features as the training computes them, outputs as TensorFlow Lite Micro does. */
#ifndef GOLDEN_H
#define GOLDEN_H

#include <stdint.h>

#include "../settings.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const int16_t golden_samples[LOG_MEL_CLIP_SAMPLES * LOG_MEL_N_CHANNELS];
extern const int8_t golden_features[NETWORK_INPUT_BYTES];
extern const int8_t golden_outputs[NETWORK_N_OUTPUTS];

#ifdef __cplusplus
}
#endif

#endif
