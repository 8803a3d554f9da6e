/* The network: int8 log-mels in, int8 logits out. One at a time; neither malloc nor a file system is needed. */
#ifndef NETWORK_H
#define NETWORK_H

#include <stdint.h>

#include "settings.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where the log-mels go before every run: NETWORK_INPUT_BYTES, as (band, frame, channel), the channels side by side.
   A run overwrites them. */
int8_t *network_input(void);

/* Runs the network; gives NETWORK_N_OUTPUTS logits, which stay until the input is written again.
   A logit is NETWORK_OUTPUT_SCALE * (integer - NETWORK_OUTPUT_ZERO). */
const int8_t *network_run(void);

#ifdef __cplusplus
}
#endif

#endif
