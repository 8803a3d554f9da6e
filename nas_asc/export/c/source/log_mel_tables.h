/* Constants of the front end. */
#ifndef LOG_MEL_TABLES_H
#define LOG_MEL_TABLES_H

#include <stdint.h>

#include "settings.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The bins under one mel filter, and from the logarithm to int8: gain * log + bias. */
struct log_mel_band {
    uint16_t first_bin, n_bins;
    float gain, bias;
};

/* First half of the window, its middle included, over 32768: the second mirrors it. */
extern const float log_mel_window[LOG_MEL_WIN_LENGTH / 2 + 1];

/* sin(2 pi k / LOG_MEL_N_FFT) */
extern const float log_mel_sines[LOG_MEL_N_FFT];

extern const struct log_mel_band log_mel_bands[LOG_MEL_N_BANDS];

/* Heights of the filters above their bins, filter after filter. */
extern const float log_mel_weights[LOG_MEL_N_WEIGHTS];

#ifdef __cplusplus
}
#endif

#endif
