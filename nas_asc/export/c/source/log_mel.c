#include "log_mel.h"

#include <math.h>
#include <string.h>

#include "log_mel_tables.h"

#if defined(CMSIS_DSP) && LOG_MEL_N_COMPLEX >= 16 && LOG_MEL_N_COMPLEX <= 4096
#include "dsp/transform_functions.h"
#define HAS_CMSIS_TRANSFORM
#endif

#define N_COMPLEX LOG_MEL_N_COMPLEX
#define MARGIN ((LOG_MEL_N_FFT - LOG_MEL_WIN_LENGTH) / 2) /* of a transform, before its window */
#define FIRST_SAMPLE (MARGIN - LOG_MEL_IS_CENTERED * (LOG_MEL_N_FFT / 2)) /* under the window of frame 0 */

/* One frame: samples, then their spectrum, then its power. A real transform has one bin more than half its points. */
static float work[LOG_MEL_N_FFT + 2];

/* The last samples of the stream: a ring. */
static int16_t heard[LOG_MEL_WIN_LENGTH * LOG_MEL_N_CHANNELS];
static int32_t next_place;
static int32_t n_missing = FIRST_SAMPLE + LOG_MEL_WIN_LENGTH; /* samples until the next frame is whole */

static float cosine(int32_t k)
{
    return log_mel_sines[(k + LOG_MEL_N_FFT / 4) & (LOG_MEL_N_FFT - 1)];
}

static float sine(int32_t k)
{
    return log_mel_sines[k];
}

#ifdef HAS_CMSIS_TRANSFORM
#define JOIN(before, n, after) before##n##after
#define NAME(n) JOIN(arm_cfft_init_, n, _f32)

/* N_COMPLEX numbers, by Arm's transform of this length alone: the others' tables are not linked. */
static void transform(float *x)
{
    static arm_cfft_instance_f32 tables;
    if (tables.fftLen == 0) {
        NAME(LOG_MEL_N_COMPLEX)(&tables);
    }
    arm_cfft_f32(&tables, x, 0, 1);
}
#else
/* Complex numbers in the order of their places' reversed bits. */
static void reverse_bits(float *x)
{
    int32_t reversed = 0;
    for (int32_t i = 1; i < N_COMPLEX; i++) {
        int32_t bit = N_COMPLEX / 2;
        for (; reversed & bit; bit /= 2) {
            reversed ^= bit;
        }
        reversed |= bit;
        if (i < reversed) {
            for (int32_t part = 0; part < 2; part++) {
                const float kept = x[2 * i + part];
                x[2 * i + part] = x[2 * reversed + part];
                x[2 * reversed + part] = kept;
            }
        }
    }
}

/* Transforms of two numbers each. */
static void pass_of_two(float *x)
{
    for (int32_t i = 0; i < 2 * N_COMPLEX; i += 4) {
        const float real = x[i + 2], imaginary = x[i + 3];
        x[i + 2] = x[i] - real;
        x[i + 3] = x[i + 1] - imaginary;
        x[i] += real;
        x[i + 1] += imaginary;
    }
}

/* Four neighbouring transforms of n numbers become one of 4 n. In the order of reversed bits they are those of every
   fourth number, beginning with numbers 0, 2, 1 and 3. */
static void pass_of_four(float *x, int32_t n)
{
    const int32_t step = LOG_MEL_N_FFT / (4 * n);
    for (int32_t j = 0; j < n; j++) {
        const float cos_1 = cosine(j * step), sin_1 = sine(j * step);
        const float cos_2 = cosine(2 * j * step), sin_2 = sine(2 * j * step);
        const float cos_3 = cosine(3 * j * step), sin_3 = sine(3 * j * step);
        for (int32_t i = j; i < N_COMPLEX; i += 4 * n) {
            float *a = x + 2 * i, *c = a + 2 * n, *b = c + 2 * n, *d = b + 2 * n;
            const float b_real = b[0] * cos_1 + b[1] * sin_1, b_imaginary = b[1] * cos_1 - b[0] * sin_1;
            const float c_real = c[0] * cos_2 + c[1] * sin_2, c_imaginary = c[1] * cos_2 - c[0] * sin_2;
            const float d_real = d[0] * cos_3 + d[1] * sin_3, d_imaginary = d[1] * cos_3 - d[0] * sin_3;
            const float sum_ac_real = a[0] + c_real, sum_ac_imaginary = a[1] + c_imaginary;
            const float rest_ac_real = a[0] - c_real, rest_ac_imaginary = a[1] - c_imaginary;
            const float sum_bd_real = b_real + d_real, sum_bd_imaginary = b_imaginary + d_imaginary;
            const float rest_bd_real = b_real - d_real, rest_bd_imaginary = b_imaginary - d_imaginary;
            a[0] = sum_ac_real + sum_bd_real;
            a[1] = sum_ac_imaginary + sum_bd_imaginary;
            c[0] = rest_ac_real + rest_bd_imaginary;
            c[1] = rest_ac_imaginary - rest_bd_real;
            b[0] = sum_ac_real - sum_bd_real;
            b[1] = sum_ac_imaginary - sum_bd_imaginary;
            d[0] = rest_ac_real - rest_bd_imaginary;
            d[1] = rest_ac_imaginary + rest_bd_real;
        }
    }
}

/* N_COMPLEX numbers. */
static void transform(float *x)
{
    const int32_t first = N_COMPLEX & 0x55555555 ? 1 : 2; /* 1 where a power of four */
    reverse_bits(x);
    if (first == 2) {
        pass_of_two(x);
    }
    for (int32_t n = first; n < N_COMPLEX; n *= 4) {
        pass_of_four(x, n);
    }
}
#endif

/* Samples in x become the power of bin k in x[2 k]: they are transformed as half as many complex numbers. */
static void find_power(float *x)
{
    transform(x);
    const float sum = x[0] + x[1], rest = x[0] - x[1];
    x[0] = sum * sum;
    x[2 * N_COMPLEX] = rest * rest;
    for (int32_t k = 1; k <= N_COMPLEX / 2; k++) {
        float *low = x + 2 * k, *high = x + 2 * (N_COMPLEX - k);
        const float even_real = 0.5f * (low[0] + high[0]), even_imaginary = 0.5f * (low[1] - high[1]);
        const float odd_real = 0.5f * (low[1] + high[1]), odd_imaginary = 0.5f * (high[0] - low[0]);
        const float turned_real = odd_real * cosine(k) + odd_imaginary * sine(k);
        const float turned_imaginary = odd_imaginary * cosine(k) - odd_real * sine(k);
        const float sum_real = even_real + turned_real, sum_imaginary = even_imaginary + turned_imaginary;
        const float rest_real = even_real - turned_real, rest_imaginary = even_imaginary - turned_imaginary;
        low[0] = sum_real * sum_real + sum_imaginary * sum_imaginary;
        high[0] = rest_real * rest_real + rest_imaginary * rest_imaginary;
    }
}

/* Samples under the window, in work, become features; one band lies stride bytes after the other. */
static void finish_frame(int8_t *features, int32_t stride)
{
    const float *weights = log_mel_weights;
    memset(work, 0, MARGIN * sizeof(float));
    memset(work + MARGIN + LOG_MEL_WIN_LENGTH, 0, (LOG_MEL_N_FFT - MARGIN - LOG_MEL_WIN_LENGTH) * sizeof(float));
    find_power(work);
    for (int32_t i = 0; i < LOG_MEL_N_BANDS; i++) {
        const struct log_mel_band *band = &log_mel_bands[i];
        const float *power = work + 2 * band->first_bin;
        float mel = 0.0f;
        for (int32_t k = 0; k < band->n_bins; k++) {
            mel += power[2 * k] * *weights++;
        }
        const float value = rintf(logf(mel + LOG_MEL_OFFSET) * band->gain + band->bias);
        features[i * stride] = (int8_t)(value < -128.0f ? -128.0f : value > 127.0f ? 127.0f : value);
    }
}

static void put(int32_t k, int16_t sample)
{
    work[MARGIN + k] = (float)sample * log_mel_window[k <= LOG_MEL_WIN_LENGTH / 2 ? k : LOG_MEL_WIN_LENGTH - k];
}

void log_mel_clip(const int16_t *samples, int8_t *features)
{
    const int32_t last = LOG_MEL_CLIP_SAMPLES - 1;
    for (int32_t frame = 0; frame < LOG_MEL_N_FRAMES; frame++) {
        const int32_t first = FIRST_SAMPLE + frame * LOG_MEL_HOP_LENGTH;
        for (int32_t channel = 0; channel < LOG_MEL_N_CHANNELS; channel++) {
            for (int32_t k = 0; k < LOG_MEL_WIN_LENGTH; k++) {
                int32_t place = first + k < 0 ? -(first + k) : first + k;
                place = place > last ? 2 * last - place : place;
                put(k, samples[place * LOG_MEL_N_CHANNELS + channel]);
            }
            finish_frame(features + frame * LOG_MEL_N_CHANNELS + channel, LOG_MEL_N_FRAMES * LOG_MEL_N_CHANNELS);
        }
    }
}

void log_mel_reset(void)
{
    memset(heard, 0, sizeof heard);
    next_place = 0;
    n_missing = FIRST_SAMPLE + LOG_MEL_WIN_LENGTH;
}

int32_t log_mel_push(const int16_t *samples, int32_t n, int8_t *column, int *is_whole)
{
    const int32_t n_taken = n < n_missing ? n : n_missing;
    for (int32_t i = 0; i < n_taken; i++) {
        for (int32_t channel = 0; channel < LOG_MEL_N_CHANNELS; channel++) {
            heard[next_place * LOG_MEL_N_CHANNELS + channel] = *samples++;
        }
        next_place = next_place + 1 < LOG_MEL_WIN_LENGTH ? next_place + 1 : 0;
    }
    n_missing -= n_taken;
    *is_whole = n_missing == 0;
    if (*is_whole) {
        n_missing = LOG_MEL_HOP_LENGTH;
        for (int32_t channel = 0; channel < LOG_MEL_N_CHANNELS; channel++) {
            for (int32_t k = 0; k < LOG_MEL_WIN_LENGTH; k++) {
                const int32_t past = next_place + k - LOG_MEL_WIN_LENGTH;
                const int32_t place = past < 0 ? next_place + k : past;
                put(k, heard[place * LOG_MEL_N_CHANNELS + channel]);
            }
            finish_frame(column + channel, LOG_MEL_N_CHANNELS);
        }
    }
    return n_taken;
}
