# An emulated Cortex: arm-none-eabi-gcc with newlib, and qemu-system-arm. Instructions are counted, not cycles.
ARM_CC ?= arm-none-eabi-gcc
QEMU ?= qemu-system-arm
CORE ?= m4f
BOARD_m3 = mps2-an385
BOARD_m4f = mps2-an386
BOARD_m33 = mps2-an505
BOARD_m55 = mps3-an547
ARM_m3 = -mcpu=cortex-m3
ARM_m4f = -mcpu=cortex-m4 -mfloat-abi=hard -mfpu=fpv4-sp-d16
ARM_m33 = -mcpu=cortex-m33 -mfloat-abi=hard -mfpu=fpv5-sp-d16
ARM_m55 = -mcpu=cortex-m55 -mfloat-abi=hard
MEMORY_m3 = -DCODE=0x0 -DCONSTANTS=0x80000 -DDATA=0x20000000 -DTICK_NS=40
MEMORY_m4f = $(MEMORY_m3)
MEMORY_m33 = -DCODE=0x10000000 -DCONSTANTS=0x10080000 -DDATA=0x38000000 -DTICK_NS=50
MEMORY_m55 = -DCODE=0x0 -DCONSTANTS=0x60000000 -DDATA=0x61000000 -DTICK_NS=31.25f
QEMU_FILES = qemu/board.c qemu/measure.c check.c golden/golden.c
QEMU_FLAGS = -std=c11 $(CFLAGS) -mthumb $(ARM_$(CORE)) $(MEMORY_$(CORE)) $(WARNINGS) -ffunction-sections -fdata-sections

qemu: qemu/$(CORE).elf
	$(QEMU) -M $(BOARD_$(CORE)) -icount shift=0 -nographic -monitor none -serial none -semihosting -kernel $<

qemu/$(CORE).elf: $(QEMU_FILES) $(LIBRARY) $(HEADERS) qemu/board.ld
	$(ARM_CC) -E -x c -P $(MEMORY_$(CORE)) qemu/board.ld -o qemu/$(CORE).ld
	$(ARM_CC) $(QEMU_FLAGS) --specs=rdimon.specs -nostartfiles -Wl,--gc-sections -T qemu/$(CORE).ld $(QEMU_FILES) \
		$(LIBRARY) -lm -lc -lrdimon -o $@
