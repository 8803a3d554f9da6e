/* The front end: 16-bit samples in, int8 log-mels out, standardised and quantised as the network takes them.

   A value is log(mel power + LOG_MEL_OFFSET), natural logarithm, of samples in [-1, 1): power of a Fourier transform
   of LOG_MEL_N_FFT points with a periodic Hann window of LOG_MEL_WIN_LENGTH in its middle, HTK's mel filters without
   normalisation. A frame begins every LOG_MEL_HOP_LENGTH samples. Samples of two channels alternate. */
#ifndef LOG_MEL_H
#define LOG_MEL_H

#include <stdint.h>

#include "settings.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes of one frame: a column of bands, the channels of each band side by side. */
#define LOG_MEL_COLUMN_BYTES (LOG_MEL_N_BANDS * LOG_MEL_N_CHANNELS)

/* A clip of LOG_MEL_CLIP_SAMPLES samples a channel, as in training; features lie as (band, frame, channel). */
void log_mel_clip(const int16_t *samples, int8_t *features);

/* Forgets the stream. */
void log_mel_reset(void);

/* Takes up to n samples a channel from a stream, until a frame is whole; gives how many it took.
   *is_whole tells whether a frame was written to column.

   Frame i begins at sample i * LOG_MEL_HOP_LENGTH of the stream where LOG_MEL_IS_CENTERED is 0: frames i to
   i + LOG_MEL_N_FRAMES - 1 are exactly those of the clip that begins there. Where it is 1, frame i is centred on that
   sample; a clip is mirrored beyond its ends and a stream goes on instead, so that frames less than half a window from
   the ends of a clip differ. Before the stream there is silence. */
int32_t log_mel_push(const int16_t *samples, int32_t n, int8_t *column, int *is_whole);

#ifdef __cplusplus
}
#endif

#endif
