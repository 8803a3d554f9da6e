#include "kernel.h"

#include <stddef.h>
#include <string.h>

#ifdef CMSIS_NN
#include "kernel_cmsis.h"
#define TRY(call) \
    if (call) { \
        return; \
    }
#else
#define TRY(call)
#endif

static int8_t saturate(int32_t value)
{
    return (int8_t)(value < INT8_MIN ? INT8_MIN : value > INT8_MAX ? INT8_MAX : value);
}

/* A product over 2 ** 31, rounded half up. */
static int32_t high_product(int32_t first, int32_t second)
{
    return (int32_t)(((int64_t)first * second + ((int64_t)1 << 30)) >> 31);
}

/* A value over 2 ** exponent, rounded half away from zero. */
static int32_t divide_by_power(int32_t value, int32_t exponent)
{
    const int32_t mask = (int32_t)(((int64_t)1 << exponent) - 1);
    return (value >> exponent) + ((value & mask) > (mask >> 1) + (value < 0));
}

/* value * multiplier * 2 ** (shift - 31), rounded twice where the shift is to the right. */
static int32_t rescale(int32_t value, struct kernel_scale scale)
{
    const int32_t left = scale.shift > 0 ? scale.shift : 0;
    const int32_t right = scale.shift > 0 ? 0 : -scale.shift;
    return divide_by_power(high_product(value * ((int32_t)1 << left), scale.multiplier), right);
}

static int32_t largest(int32_t first, int32_t second)
{
    return first > second ? first : second;
}

static int32_t smallest(int32_t first, int32_t second)
{
    return first < second ? first : second;
}

/* The part of a window that lies on the map: rows first_y to end_y and columns first_x to end_x of the kernel. */
struct part {
    int32_t top, left;
    int32_t first_y, end_y, first_x, end_x;
};

static struct part find_part(const struct kernel_window *window, int32_t out_y, int32_t out_x)
{
    struct part part;
    part.top = out_y * window->stride_height - window->pad_top;
    part.left = out_x * window->stride_width - window->pad_left;
    part.first_y = largest(0, -part.top);
    part.end_y = smallest(window->height, window->in_height - part.top);
    part.first_x = largest(0, -part.left);
    part.end_x = smallest(window->width, window->in_width - part.left);
    return part;
}

/* Adds the products of n values with the taps of one output channel, or of four that lie kernel_size apart. */
static inline void add_products(const int8_t *values, const int8_t *taps, int32_t n, int32_t zero, int32_t *sum)
{
    int32_t total = *sum;
    for (int32_t i = 0; i < n; i++) {
        total += (values[i] - zero) * taps[i];
    }
    *sum = total;
}

static inline void add_products_of_four(const int8_t *values, const int8_t *taps, int32_t kernel_size, int32_t n,
                                        int32_t zero, int32_t sums[4])
{
    const int8_t *second = taps + kernel_size, *third = second + kernel_size, *fourth = third + kernel_size;
    int32_t a = sums[0], b = sums[1], c = sums[2], d = sums[3];
    for (int32_t i = 0; i < n; i++) {
        const int32_t value = values[i] - zero;
        a += value * taps[i];
        b += value * second[i];
        c += value * third[i];
        d += value * fourth[i];
    }
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
}

void kernel_convolution(const struct kernel_window *window, const struct kernel_weights *weights, const int8_t *in,
                        int8_t *out)
{
    TRY(cmsis_convolution(window, weights, in, out))
    const int32_t depth = window->in_channels / window->groups;
    const int32_t n_in_group = window->out_channels / window->groups;
    const int32_t kernel_size = window->height * window->width * depth;
    const int32_t n_at_once = n_in_group % 4 == 0 ? 4 : 1;
    const int32_t n_columns = window->groups == 1 ? window->width : 1; /* whose values lie side by side */
    for (int32_t out_y = 0; out_y < window->out_height; out_y++) {
        for (int32_t out_x = 0; out_x < window->out_width; out_x++) {
            const struct part part = find_part(window, out_y, out_x);
            for (int32_t channel = 0; channel < window->out_channels; channel += n_at_once) {
                const int8_t *kernel = weights->weights + channel * kernel_size;
                const int8_t *corner = in + channel / n_in_group * depth;
                int32_t sums[4] = {0, 0, 0, 0};
                for (int32_t i = 0; i < n_at_once && weights->biases != NULL; i++) {
                    sums[i] = weights->biases[channel + i];
                }
                for (int32_t y = part.first_y; y < part.end_y; y++) {
                    for (int32_t x = part.first_x; x < part.end_x; x += n_columns) {
                        const int32_t place = (part.top + y) * window->in_width + part.left + x;
                        const int8_t *values = corner + place * window->in_channels;
                        const int8_t *taps = kernel + (y * window->width + x) * depth;
                        const int32_t n = smallest(n_columns, part.end_x - x) * depth;
                        if (n_at_once == 4) {
                            add_products_of_four(values, taps, kernel_size, n, window->in_zero, sums);
                        } else {
                            add_products(values, taps, n, window->in_zero, sums);
                        }
                    }
                }
                for (int32_t i = 0; i < n_at_once; i++) {
                    *out++ = saturate(rescale(sums[i], weights->scales[channel + i]) + window->out_zero);
                }
            }
        }
    }
}

void kernel_depthwise(const struct kernel_window *window, const struct kernel_weights *weights, const int8_t *in,
                      int8_t *out)
{
    TRY(cmsis_depthwise(window, weights, in, out))
    const int32_t n_of_each = window->out_channels / window->in_channels;
    for (int32_t out_y = 0; out_y < window->out_height; out_y++) {
        for (int32_t out_x = 0; out_x < window->out_width; out_x++) {
            const struct part part = find_part(window, out_y, out_x);
            for (int32_t channel = 0; channel < window->out_channels; channel++) {
                int32_t sum = weights->biases == NULL ? 0 : weights->biases[channel];
                for (int32_t y = part.first_y; y < part.end_y; y++) {
                    const int32_t row = (part.top + y) * window->in_width + part.left;
                    const int8_t *values = in + row * window->in_channels + channel / n_of_each;
                    const int8_t *taps = weights->weights + y * window->width * window->out_channels + channel;
                    for (int32_t x = part.first_x; x < part.end_x; x++) {
                        sum += (values[x * window->in_channels] - window->in_zero) * taps[x * window->out_channels];
                    }
                }
                *out++ = saturate(rescale(sum, weights->scales[channel]) + window->out_zero);
            }
        }
    }
}

void kernel_dense(int32_t n_rows, int32_t n_in, int32_t n_out, int32_t in_zero, int32_t out_zero,
                  const struct kernel_weights *weights, const int8_t *in, int8_t *out)
{
    TRY(cmsis_dense(n_rows, n_in, n_out, in_zero, out_zero, weights, in, out))
    for (int32_t row = 0; row < n_rows; row++) {
        for (int32_t channel = 0; channel < n_out; channel++) {
            const int8_t *taps = weights->weights + channel * n_in;
            int32_t sum = weights->biases == NULL ? 0 : weights->biases[channel];
            for (int32_t i = 0; i < n_in; i++) {
                sum += (in[row * n_in + i] - in_zero) * taps[i];
            }
            *out++ = saturate(rescale(sum, weights->scales[channel]) + out_zero);
        }
    }
}

void kernel_max_pool(const struct kernel_window *window, const int8_t *in, int8_t *out)
{
    TRY(cmsis_max_pool(window, in, out))
    for (int32_t out_y = 0; out_y < window->out_height; out_y++) {
        for (int32_t out_x = 0; out_x < window->out_width; out_x++) {
            const struct part part = find_part(window, out_y, out_x);
            for (int32_t channel = 0; channel < window->out_channels; channel++) {
                int32_t most = INT8_MIN;
                for (int32_t y = part.first_y; y < part.end_y; y++) {
                    for (int32_t x = part.first_x; x < part.end_x; x++) {
                        const int32_t place = (part.top + y) * window->in_width + part.left + x;
                        most = largest(most, in[place * window->in_channels + channel]);
                    }
                }
                *out++ = (int8_t)most;
            }
        }
    }
}

void kernel_mean(int32_t n_outer, int32_t n, int32_t n_inner, int32_t in_zero, int32_t out_zero,
                 const struct kernel_scale *scale, const int8_t *in, int8_t *out)
{
    for (int32_t outer = 0; outer < n_outer; outer++) {
        for (int32_t inner = 0; inner < n_inner; inner++) {
            const int8_t *values = in + outer * n * n_inner + inner;
            int32_t sum = 0;
            for (int32_t i = 0; i < n; i++) {
                sum += values[i * n_inner];
            }
            *out++ = saturate(rescale(sum - n * in_zero, *scale) + out_zero);
        }
    }
}

static int8_t add(const struct kernel_pair *pair, int32_t first, int32_t second)
{
    const int32_t finer = (int32_t)1 << 20;
    const int32_t sum = rescale(first * finer, pair->first_scale) + rescale(second * finer, pair->second_scale);
    return saturate(rescale(sum, pair->out_scale) + pair->out_zero);
}

static int8_t multiply(const struct kernel_pair *pair, int32_t first, int32_t second)
{
    return saturate(rescale(first * second, pair->out_scale) + pair->out_zero);
}

static int8_t prelu(const struct kernel_pair *pair, int32_t first, int32_t second)
{
    const int32_t value =
        first >= 0 ? rescale(first, pair->first_scale) : rescale(first * second, pair->second_scale);
    return saturate(value + pair->out_zero);
}

typedef int8_t (*function_of_two)(const struct kernel_pair *pair, int32_t first, int32_t second);

static inline void run_pair(function_of_two function, const struct kernel_pair *pair, const int8_t *first,
                            const int8_t *second, int8_t *out)
{
    const int32_t *a = pair->first_strides, *b = pair->second_strides;
    for (int32_t i = 0; i < pair->sizes[0]; i++) {
        for (int32_t j = 0; j < pair->sizes[1]; j++) {
            for (int32_t k = 0; k < pair->sizes[2]; k++) {
                const int8_t *x = first + i * a[0] + j * a[1] + k * a[2];
                const int8_t *y = second + i * b[0] + j * b[1] + k * b[2];
                for (int32_t l = 0; l < pair->sizes[3]; l++) {
                    *out++ = function(pair, x[l * a[3]] - pair->first_zero, y[l * b[3]] - pair->second_zero);
                }
            }
        }
    }
}

void kernel_add(const struct kernel_pair *pair, const int8_t *first, const int8_t *second, int8_t *out)
{
#ifndef CMSIS_NN_WITHOUT_ADD
    TRY(cmsis_add(pair, first, second, out))
#endif
    run_pair(add, pair, first, second, out);
}

void kernel_multiply(const struct kernel_pair *pair, const int8_t *first, const int8_t *second, int8_t *out)
{
    run_pair(multiply, pair, first, second, out);
}

void kernel_prelu(const struct kernel_pair *pair, const int8_t *first, const int8_t *second, int8_t *out)
{
    run_pair(prelu, pair, first, second, out);
}

void kernel_matrix_product(int32_t n_batches, int32_t n_rows, int32_t n, int32_t n_columns,
                           const struct kernel_pair *pair, const int8_t *first, const int8_t *second, int8_t *out)
{
    for (int32_t batch = 0; batch < n_batches; batch++) {
        for (int32_t row = 0; row < n_rows; row++) {
            const int8_t *x = first + (batch * n_rows + row) * n;
            for (int32_t column = 0; column < n_columns; column++) {
                const int8_t *y = second + batch * n * n_columns + column;
                int32_t sum = 0;
                for (int32_t i = 0; i < n; i++) {
                    sum += (x[i] - pair->first_zero) * (y[i * n_columns] - pair->second_zero);
                }
                *out++ = saturate(rescale(sum, pair->out_scale) + pair->out_zero);
            }
        }
    }
}

/* 1 / (1 + value) of a value in [0, 1) by three of Newton's steps, both in 31 fractional bits. */
static int32_t over_one_plus(int32_t value)
{
    const int32_t half = (int32_t)(((int64_t)value + INT32_MAX + 1) / 2);
    int32_t x = 1515870810 + high_product(half, -1010580540); /* 48/17 and -32/17, in 29 fractional bits */
    for (int32_t step = 0; step < 3; step++) {
        x += high_product(x, ((int32_t)1 << 29) - high_product(half, x)) * 4;
    }
    return x > INT32_MAX / 2 ? INT32_MAX : 2 * x;
}

void kernel_softmax(int32_t n_rows, int32_t n, int32_t out_zero, const int32_t exponentials[256],
                    const struct kernel_scale *scale, const int8_t *in, int8_t *out)
{
    for (int32_t row = 0; row < n_rows; row++, in += n, out += n) {
        int32_t most = INT8_MIN, sum = 0, n_bits = 12; /* of the sum's whole part */
        for (int32_t i = 0; i < n; i++) {
            most = largest(most, in[i]);
        }
        for (int32_t i = 0; i < n; i++) {
            sum += divide_by_power(exponentials[most - in[i]], n_bits);
        }
        for (; sum < (int32_t)1 << 30; sum *= 2) {
            n_bits--;
        }
        n_bits--;
        const int32_t inverse = over_one_plus((int32_t)(((uint32_t)sum << 1) - ((uint32_t)1 << 31)));
        for (int32_t i = 0; i < n; i++) {
            const int32_t product = high_product(inverse, exponentials[most - in[i]]);
            const int32_t share = smallest(divide_by_power(product, n_bits + 31 - 16), 65535);
            out[i] = saturate(rescale(share, *scale) + out_zero);
        }
    }
}

void kernel_look_up(int32_t n, const int8_t table[256], const int8_t *in, int8_t *out)
{
    for (int32_t i = 0; i < n; i++) {
        out[i] = table[in[i] - INT8_MIN];
    }
}

void kernel_pad(const struct kernel_window *window, int8_t value, const int8_t *in, int8_t *out)
{
    const int32_t n_bytes = window->in_width * window->in_channels;
    memset(out, value, (size_t)(window->out_height * window->out_width * window->out_channels));
    for (int32_t y = 0; y < window->in_height; y++) {
        const int32_t place = (window->pad_top + y) * window->out_width + window->pad_left;
        memcpy(out + place * window->out_channels, in + y * n_bytes, (size_t)n_bytes);
    }
}

void kernel_copy(const struct kernel_rows *rows, const int8_t *in, int8_t *out)
{
    for (int32_t row = 0; row < rows->n_rows; row++) {
        memcpy(out + row * rows->out_stride, in + row * rows->in_stride, (size_t)rows->n_bytes);
    }
}

void kernel_transpose(const int32_t sizes[4], const int32_t strides[4], const int8_t *in, int8_t *out)
{
    for (int32_t i = 0; i < sizes[0]; i++) {
        for (int32_t j = 0; j < sizes[1]; j++) {
            for (int32_t k = 0; k < sizes[2]; k++) {
                const int8_t *values = in + i * strides[0] + j * strides[1] + k * strides[2];
                for (int32_t l = 0; l < sizes[3]; l++) {
                    *out++ = values[l * strides[3]];
                }
            }
        }
    }
}
