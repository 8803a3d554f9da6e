/* Kernels of a network in int8, in plain C; where CMSIS_NN is defined, convolutions, dense layers, maxima
   and additions call CMSIS-NN (4.0 or newer), which is to be compiled beside them.

   A map lies as (frequency, time, channel), the channels side by side. An integer q stands for scale * (q - zero).
   Sums are int32; a sum becomes an int8 by a multiplier of 31 fractional bits and a shift, rounded as TensorFlow Lite
   Micro's reference kernels round, so that every value is the same. */
#ifndef KERNEL_H
#define KERNEL_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* From a sum to an int8. */
struct kernel_scale {
    int32_t multiplier;
    int32_t shift;
};

/* A window that moves over a map; height is along frequency, width along time. */
struct kernel_window {
    int32_t in_height, in_width, in_channels;
    int32_t out_height, out_width, out_channels;
    int32_t height, width;
    int32_t stride_height, stride_width;
    int32_t pad_top, pad_left;
    int32_t groups;
    int32_t in_zero, out_zero;
};

/* Weights of a step; biases may be NULL, the rest has a value for each output channel. */
struct kernel_weights {
    const int8_t *weights;
    const int32_t *biases;
    const struct kernel_scale *scales;
};

/* Two tensors of up to four axes, one of which may be repeated along some: its stride there is 0. */
struct kernel_pair {
    int32_t sizes[4];
    int32_t first_strides[4], second_strides[4];
    int32_t first_zero, second_zero, out_zero;
    struct kernel_scale first_scale, second_scale, out_scale;
};

/* Scratch memory of the next step: 16-byte aligned, the step's alone while it runs. Plain kernels need none. */
#ifdef CMSIS_NN
void kernel_use_scratch(int8_t *place, int32_t n);
#define KERNEL_SCRATCH(place, n) kernel_use_scratch(place, n)
#else
#define KERNEL_SCRATCH(place, n) ((void)0)
#endif

/* Rows of bytes, copied from one place to another. */
struct kernel_rows {
    int32_t n_rows, n_bytes;
    int32_t in_stride, out_stride;
};

/* weights: (out_channels, height, width, in_channels / groups) */
void kernel_convolution(const struct kernel_window *window, const struct kernel_weights *weights, const int8_t *in,
                        int8_t *out);

/* weights: (height, width, out_channels); out_channels is a multiple of in_channels */
void kernel_depthwise(const struct kernel_window *window, const struct kernel_weights *weights, const int8_t *in,
                      int8_t *out);

/* weights: (n_out, n_in); in (n_rows, n_in) becomes out (n_rows, n_out) */
void kernel_dense(int32_t n_rows, int32_t n_in, int32_t n_out, int32_t in_zero, int32_t out_zero,
                  const struct kernel_weights *weights, const int8_t *in, int8_t *out);

/* The largest value in each window. */
void kernel_max_pool(const struct kernel_window *window, const int8_t *in, int8_t *out);

/* in (n_outer, n, n_inner) becomes out (n_outer, n_inner): means over n. */
void kernel_mean(int32_t n_outer, int32_t n, int32_t n_inner, int32_t in_zero, int32_t out_zero,
                 const struct kernel_scale *scale, const int8_t *in, int8_t *out);

void kernel_add(const struct kernel_pair *pair, const int8_t *first, const int8_t *second, int8_t *out);
void kernel_multiply(const struct kernel_pair *pair, const int8_t *first, const int8_t *second, int8_t *out);

/* The second tensor holds slopes: second_scale is that of first * second, first_scale that of first alone. */
void kernel_prelu(const struct kernel_pair *pair, const int8_t *first, const int8_t *second, int8_t *out);

/* first (n_batches, n_rows, n) times second (n_batches, n, n_columns) */
void kernel_matrix_product(int32_t n_batches, int32_t n_rows, int32_t n, int32_t n_columns,
                           const struct kernel_pair *pair, const int8_t *first, const int8_t *second, int8_t *out);

/* in (n_rows, n): shares of each row that add up to one. exponentials: of the differences 0, -1, ... -255 to the
   largest value, in 31 fractional bits; scale: from steps of 1/65536. */
void kernel_softmax(int32_t n_rows, int32_t n, int32_t out_zero, const int32_t exponentials[256],
                    const struct kernel_scale *scale, const int8_t *in, int8_t *out);

/* A function of one int8, by its 256 outputs from -128 on. */
void kernel_look_up(int32_t n, const int8_t table[256], const int8_t *in, int8_t *out);

/* Zeros, or another int8, around a map; the window's sizes and its padding say where it goes. */
void kernel_pad(const struct kernel_window *window, int8_t value, const int8_t *in, int8_t *out);

void kernel_copy(const struct kernel_rows *rows, const int8_t *in, int8_t *out);

/* Axes in another order: strides are the input's, in the order of the output's sizes. */
void kernel_transpose(const int32_t sizes[4], const int32_t strides[4], const int8_t *in, int8_t *out);

#ifdef __cplusplus
}
#endif

#endif
