# An emulated Cortex: arm-none-eabi-gcc with newlib, and qemu-system-arm. Instructions are counted, not cycles.
# CMSIS_NN and CMSIS_DSP may name folders of Arm's libraries, as released; CMSIS_CORE is that of cmsis_compiler.h. Some
# copies of CMSIS-NN have its convolutions alone.
ARM_CC ?= arm-none-eabi-gcc
ARM_AR ?= arm-none-eabi-ar
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
CMSIS_ADD = $(wildcard $(CMSIS_NN)/Source/BasicMathFunctions/arm_elementwise_add_s8.c)
CMSIS_NN_FLAGS = $(if $(CMSIS_NN),-DCMSIS_NN $(if $(CMSIS_ADD),,-DCMSIS_NN_WITHOUT_ADD) -isystem $(CMSIS_NN)/Include)
CMSIS_DSP_FLAGS = $(if $(CMSIS_DSP),-DCMSIS_DSP -isystem $(CMSIS_DSP)/Include -isystem $(CMSIS_DSP)/PrivateInclude)
CMSIS_FLAGS = $(CMSIS_NN_FLAGS) $(CMSIS_DSP_FLAGS) $(if $(CMSIS_CORE),-isystem $(CMSIS_CORE))
CMSIS_NN_FILES = $(if $(CMSIS_NN),$(sort $(wildcard $(addprefix $(CMSIS_NN)/Source/,ConvolutionFunctions/*s8*.c \
	NNSupportFunctions/*s8*.c NNSupportFunctions/*q7*.c PoolingFunctions/arm_max_pool_s8.c \
	BasicMathFunctions/arm_elementwise_add_s8.c TransposeFunctions/arm_transpose_s8.c))))
CMSIS_DSP_FILES = $(if $(CMSIS_DSP),$(addprefix $(CMSIS_DSP)/Source/,$(addprefix TransformFunctions/arm_, \
	cfft_f32.c cfft_init_f32.c cfft_radix8_f32.c bitreversal2.c) CommonTables/CommonTables.c))
CMSIS_FILES = $(CMSIS_NN_FILES) $(CMSIS_DSP_FILES)
VARIANT = $(CORE)$(if $(CMSIS_NN),-nn)$(if $(CMSIS_DSP),-dsp)
CMSIS_LIBRARY = $(if $(CMSIS_NN)$(CMSIS_DSP),qemu/$(VARIANT).a)
QEMU_FILES = qemu/board.c qemu/measure.c check.c golden/golden.c
ARM_FLAGS = -std=c11 $(CFLAGS) -mthumb $(ARM_$(CORE)) -ffunction-sections -fdata-sections $(CMSIS_FLAGS)
QEMU_FLAGS = $(ARM_FLAGS) $(MEMORY_$(CORE)) $(WARNINGS)

qemu: qemu/$(VARIANT).elf
	$(QEMU) -M $(BOARD_$(CORE)) -icount shift=0 -nographic -monitor none -serial none -semihosting -kernel $<

qemu/$(VARIANT).elf: $(QEMU_FILES) $(LIBRARY) $(HEADERS) qemu/board.ld $(CMSIS_LIBRARY)
	$(ARM_CC) -E -x c -P $(MEMORY_$(CORE)) qemu/board.ld -o qemu/$(CORE).ld
	$(ARM_CC) $(QEMU_FLAGS) --specs=rdimon.specs -nostartfiles -Wl,--gc-sections -T qemu/$(CORE).ld $(QEMU_FILES) \
		$(LIBRARY) $(CMSIS_LIBRARY) -lm -lc -lrdimon -o $@

qemu/$(VARIANT).a: $(CMSIS_FILES)
	mkdir -p qemu/$(VARIANT)
	cd qemu/$(VARIANT) && $(ARM_CC) $(ARM_FLAGS) -w -c $(abspath $(CMSIS_FILES))
	$(ARM_AR) rcs $@ qemu/$(VARIANT)/*.o
