/* From a microphone to a class, in four functions:

       classify_init(NULL);
       for (;;) {
           ... wait for n samples ...
           if (classify_push(samples, n) > 0) {
               const struct classify_decision *now = classify_result();
               if (now->heard >= 0) puts(classify_class_names[now->heard]);
           }
       }

   The contract:
     - samples are 16-bit PCM at LOG_MEL_SAMPLE_RATE Hz, those of LOG_MEL_N_CHANNELS channels alternating;
     - the first decision comes when a clip (LOG_MEL_N_FRAMES frames) was heard, another one every step_frames frames;
       where LOG_MEL_IS_CENTERED is 0, its features are exactly those of the clip that was heard, as in training; else
       log_mel.h says how a stream and a clip differ;
     - classify_push computes the features of each frame that it completes, and runs the network for each decision:
       that long it may take, so samples must be kept meanwhile, by an interrupt or by DMA;
     - all memory is static (see CLASSIFY_RAM_BYTES), one stream at a time, not to be called from two threads at once;
     - no function fails. */
#ifndef CLASSIFY_H
#define CLASSIFY_H

#include <stdint.h>

#include "log_mel.h"
#include "settings.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CLASSIFY_N_CLASSES NETWORK_N_OUTPUTS

/* Most decisions that are averaged; each takes 4 bytes a class. */
#ifndef CLASSIFY_MOST_SMOOTHED
#define CLASSIFY_MOST_SMOOTHED 8
#endif

/* Bytes of the mel columns that are kept, and of all static memory: network, front end, columns, averages. */
#define CLASSIFY_COLUMN_BYTES (LOG_MEL_N_FRAMES * LOG_MEL_COLUMN_BYTES)
#define CLASSIFY_RAM_BYTES \
    (NETWORK_ARENA_BYTES + LOG_MEL_RAM_BYTES + CLASSIFY_COLUMN_BYTES + 4 * CLASSIFY_MOST_SMOOTHED * CLASSIFY_N_CLASSES)

extern const char *const classify_class_names[CLASSIFY_N_CLASSES];

struct classify_settings {
    int32_t step_frames; /* from one decision to the next, in frames */
    int32_t n_smoothed;  /* decisions whose probabilities are averaged, this one included; CLASSIFY_MOST_SMOOTHED at most */
    float threshold;     /* least probability of a class that is heard, in [0, 1] */
    int32_t n_held;      /* decisions for which a class that was heard still counts as heard */
};

struct classify_decision {
    int32_t n_decisions;                     /* since the reset; 0 where there is none yet */
    int32_t best;                            /* the most probable class */
    int32_t heard;                           /* the class that is heard, now or within the hold; -1 for none */
    float probabilities[CLASSIFY_N_CLASSES]; /* averaged */
};

/* Begins a stream. NULL: clips end to end, nothing averaged, every probability is enough, no hold. */
void classify_init(const struct classify_settings *settings);

/* Takes n samples a channel; gives the number of decisions that they led to. The last one is the result. */
int32_t classify_push(const int16_t *samples, int32_t n);

/* The latest decision; the next push may change it. */
const struct classify_decision *classify_result(void);

/* Forgets what was heard; the settings stay. */
void classify_reset(void);

#ifdef __cplusplus
}
#endif

#endif
