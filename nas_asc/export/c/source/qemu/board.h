/* What an emulated board counts. */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

/* Instructions since the start, in steps of a few dozen: under -icount shift=0 each takes a nanosecond. */
uint64_t board_count_instructions(void);

/* Marks the stack below this call, and tells how many bytes of it were used since. */
void board_mark_stack(void);
uint32_t board_count_stack(void);

#endif
