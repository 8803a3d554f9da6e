/* The least that a Cortex-M needs to run a program: vectors, memory, floating point, a clock. */
#include "board.h"

#include <stdlib.h>
#include <string.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define SYSTICK_CONTROL REGISTER(0xE000E010u)
#define SYSTICK_RELOAD REGISTER(0xE000E014u)
#define SYSTICK_VALUE REGISTER(0xE000E018u)
#define INTERRUPT_STATE REGISTER(0xE000ED04u)
#define COPROCESSORS REGISTER(0xE000ED88u)
#define SYSTICK_PENDING (1u << 26)
#define SYSTICK_TICKS 0x1000000u
#define MARK 0x5A5A5A5Au
#define MARGIN_WORDS 16

extern uint32_t stack_end[], stack_start[], data_start[], data_end[], data_load[], bss_start[], bss_end[];
extern void initialise_monitor_handles(void);
extern int main(void);

static volatile uint32_t n_rounds;
static uint32_t *marked_from;

void start(void)
{
    COPROCESSORS |= 0xFu << 20;
    __asm volatile("dsb\n isb");
    memcpy(data_start, data_load, (size_t)((char *)data_end - (char *)data_start));
    memset(bss_start, 0, (size_t)((char *)bss_end - (char *)bss_start));
    SYSTICK_RELOAD = SYSTICK_TICKS - 1;
    SYSTICK_VALUE = 0;
    SYSTICK_CONTROL = 7; /* the core's clock, an interrupt a round, on */
    initialise_monitor_handles();
    exit(main());
}

static void count_round(void)
{
    n_rounds++;
}

static void fault(void)
{
    static const char text[] = "the core has faulted\n";
    register const char *argument __asm("r1") = text;
    register uint32_t operation __asm("r0") = 4; /* write a text */
    __asm volatile("bkpt 0xAB" : "+r"(operation) : "r"(argument) : "memory");
    _Exit(3);
}

__attribute__((section(".vectors"), used)) static void (*const vectors[16])(void) = {
    (void (*)(void))stack_start, start, fault, fault, fault, fault, fault, 0, 0, 0, 0, 0, 0, 0, 0, count_round,
};

uint64_t board_count_instructions(void)
{
    uint32_t rounds, value;
    do {
        rounds = n_rounds;
        value = SYSTICK_VALUE;
    } while (rounds != n_rounds || (INTERRUPT_STATE & SYSTICK_PENDING));
    const uint64_t ticks = (uint64_t)rounds * SYSTICK_TICKS + (SYSTICK_TICKS - 1 - value);
    return (uint64_t)((float)TICK_NS * 4.0f) * ticks / 4;
}

__attribute__((noinline)) void board_mark_stack(void)
{
    uint32_t *here;
    __asm volatile("mov %0, sp" : "=r"(here));
    marked_from = here - MARGIN_WORDS;
    for (uint32_t *word = stack_end; word < marked_from; word++) {
        *word = MARK;
    }
}

uint32_t board_count_stack(void)
{
    uint32_t *word = stack_end;
    while (word < marked_from && *word == MARK) {
        word++;
    }
    return (uint32_t)(marked_from - word + MARGIN_WORDS) * sizeof(uint32_t);
}
