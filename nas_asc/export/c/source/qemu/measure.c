/* The golden check on an emulated board, then the instructions and the stack of each part. */
#include <stdio.h>

#include "../check.h"
#include "../classify.h"
#include "../golden/golden.h"
#include "../network.h"
#include "board.h"

static int8_t column[LOG_MEL_COLUMN_BYTES];

static void run_clip(void)
{
    log_mel_clip(golden_samples, network_input());
}

static void run_frame(void)
{
    int is_whole = 0;
    for (int32_t n = 0; !is_whole;) {
        n += log_mel_push(golden_samples + n * LOG_MEL_N_CHANNELS, LOG_MEL_HOP_LENGTH, column, &is_whole);
    }
}

static void run_network(void)
{
    network_run();
}

static void measure(const char *name, void (*function)(void))
{
    board_mark_stack();
    const uint64_t before = board_count_instructions();
    function();
    const uint64_t after = board_count_instructions();
    printf("%s: %lu instructions, %lu bytes of stack\n", name, (unsigned long)(after - before),
           (unsigned long)board_count_stack());
}

int main(void)
{
    const int n_different = check_golden();
    puts(n_different ? "FAILED" : "passed");
    measure("clip", run_clip);
    run_frame(); /* the first frame waits for its window */
    measure("frame", run_frame);
    measure("network", run_network);
    return n_different != 0;
}
