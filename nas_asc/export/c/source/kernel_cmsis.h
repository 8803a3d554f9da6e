/* The steps that CMSIS-NN computes with the same integers; part of kernel.c where CMSIS_NN is defined. Each function
   gives 0 where CMSIS-NN of this version does not run the step: then the plain kernel does. */
#ifndef KERNEL_CMSIS_H
#define KERNEL_CMSIS_H

#include "arm_nnfunctions.h"
#include "kernel.h"

static const cmsis_nn_tile cmsis_one = {1, 1};
static const cmsis_nn_activation cmsis_range = {INT8_MIN, INT8_MAX};

static int8_t *scratch;
static int32_t n_scratch;

void kernel_use_scratch(int8_t *place, int32_t n)
{
    scratch = place;
    n_scratch = n;
}

/* Multipliers and shifts, each by itself, in front of the rest of the scratch memory; 0 where it is too small. */
static int cmsis_prepare(const struct kernel_scale *scales, int32_t n, int32_t n_needed, cmsis_nn_context *context,
                         cmsis_nn_per_channel_quant_params *split)
{
    const int32_t n_scales = 2 * n * (int32_t)sizeof(int32_t);
    split->multiplier = (int32_t *)(void *)scratch;
    split->shift = split->multiplier + n;
    context->buf = scratch + n_scales;
    context->size = n_scratch - n_scales;
    if (context->size < n_needed) {
        return 0;
    }
    for (int32_t i = 0; i < n; i++) {
        split->multiplier[i] = scales[i].multiplier;
        split->shift[i] = scales[i].shift;
    }
    return 1;
}

static cmsis_nn_dims cmsis_map(int32_t height, int32_t width, int32_t channels)
{
    const cmsis_nn_dims dims = {1, height, width, channels};
    return dims;
}

static int cmsis_convolution(const struct kernel_window *window, const struct kernel_weights *weights,
                             const int8_t *in, int8_t *out)
{
    const cmsis_nn_conv_params params = {-window->in_zero,
                                         window->out_zero,
                                         {window->stride_width, window->stride_height},
                                         {window->pad_left, window->pad_top},
                                         cmsis_one,
                                         cmsis_range};
    const cmsis_nn_dims into = cmsis_map(window->in_height, window->in_width, window->in_channels);
    const cmsis_nn_dims asked = cmsis_map(window->out_height, window->out_width, window->out_channels);
    const cmsis_nn_dims filter = {window->out_channels, window->height, window->width, window->in_channels};
    const cmsis_nn_dims bias = cmsis_map(1, 1, window->out_channels);
    cmsis_nn_context context;
    cmsis_nn_per_channel_quant_params split;
    if (window->groups > 1 || filter.h * filter.w * filter.c > UINT16_MAX) {
        return 0;
    }
    return cmsis_prepare(weights->scales, asked.c,
                         arm_convolve_wrapper_s8_get_buffer_size(&params, &into, &filter, &asked), &context, &split) &&
           arm_convolve_wrapper_s8(&context, &params, &split, &into, in, &filter, weights->weights, &bias,
                                   weights->biases, &asked, out) == ARM_CMSIS_NN_SUCCESS;
}

static int cmsis_depthwise(const struct kernel_window *window, const struct kernel_weights *weights, const int8_t *in,
                           int8_t *out)
{
    const cmsis_nn_dw_conv_params params = {-window->in_zero,
                                            window->out_zero,
                                            window->out_channels / window->in_channels,
                                            {window->stride_width, window->stride_height},
                                            {window->pad_left, window->pad_top},
                                            cmsis_one,
                                            cmsis_range};
    const cmsis_nn_dims into = cmsis_map(window->in_height, window->in_width, window->in_channels);
    const cmsis_nn_dims asked = cmsis_map(window->out_height, window->out_width, window->out_channels);
    const cmsis_nn_dims filter = cmsis_map(window->height, window->width, window->out_channels);
    const cmsis_nn_dims bias = cmsis_map(1, 1, window->out_channels);
    const int32_t last_left = (window->out_width - 1) * window->stride_width - window->pad_left;
    cmsis_nn_context context;
    cmsis_nn_per_channel_quant_params split;
    if (last_left + window->width / 2 >= window->in_width) { /* its fast kernel reads the middle column unasked */
        return 0;
    }
    return cmsis_prepare(weights->scales, asked.c,
                         arm_depthwise_conv_wrapper_s8_get_buffer_size(&params, &into, &filter, &asked), &context,
                         &split) &&
           arm_depthwise_conv_wrapper_s8(&context, &params, &split, &into, in, &filter, weights->weights, &bias,
                                         weights->biases, &asked, out) == ARM_CMSIS_NN_SUCCESS;
}

/* As a convolution of one tap, which has a scale for each output. */
static int cmsis_dense(int32_t n_rows, int32_t n_in, int32_t n_out, int32_t in_zero, int32_t out_zero,
                       const struct kernel_weights *weights, const int8_t *in, int8_t *out)
{
    const struct kernel_window window = {1, n_rows, n_in, 1, n_rows, n_out, 1, 1, 1, 1, 0, 0, 1, in_zero, out_zero};
    return cmsis_convolution(&window, weights, in, out);
}

static int cmsis_max_pool(const struct kernel_window *window, const int8_t *in, int8_t *out)
{
    const cmsis_nn_pool_params params = {
        {window->stride_width, window->stride_height}, {window->pad_left, window->pad_top}, cmsis_range};
    const cmsis_nn_dims into = cmsis_map(window->in_height, window->in_width, window->in_channels);
    const cmsis_nn_dims asked = cmsis_map(window->out_height, window->out_width, window->out_channels);
    const cmsis_nn_dims filter = cmsis_map(window->height, window->width, 1);
    cmsis_nn_context context = {NULL, 0};
    return arm_max_pool_s8(&context, &params, &into, in, &filter, &asked, out) == ARM_CMSIS_NN_SUCCESS;
}

#ifndef CMSIS_NN_WITHOUT_ADD
/* Of two tensors of one shape. */
static int cmsis_add(const struct kernel_pair *pair, const int8_t *first, const int8_t *second, int8_t *out)
{
    const struct kernel_scale one = pair->first_scale, other = pair->second_scale, asked = pair->out_scale;
    if (pair->sizes[0] * pair->sizes[1] * pair->sizes[2] > 1 || pair->first_strides[3] != 1 ||
        pair->second_strides[3] != 1) {
        return 0;
    }
    return arm_elementwise_add_s8(first, second, -pair->first_zero, one.multiplier, one.shift, -pair->second_zero,
                                  other.multiplier, other.shift, 20, out, pair->out_zero, asked.multiplier, asked.shift,
                                  INT8_MIN, INT8_MAX, pair->sizes[3]) == ARM_CMSIS_NN_SUCCESS;
}
#endif

#endif
