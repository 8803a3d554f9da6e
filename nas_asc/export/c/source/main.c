/* An example: tells what is heard in a WAV file, decision after decision, as a microphone would give it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "classify.h"

#define N_MOST_CHANNELS 8

struct wav {
    FILE *file;
    uint32_t rate, n_channels, n_bits;
};

static uint32_t read_number(FILE *file, int n_bytes)
{
    uint32_t number = 0;
    for (int i = 0; i < n_bytes; i++) {
        const int byte = getc(file);
        number |= (uint32_t)(byte == EOF ? 0 : byte) << (8 * i);
    }
    return number;
}

/* Leaves the file at its first sample; 0 where it is no WAV file. */
static int open_wav(const char *path, struct wav *wav)
{
    char name[4];
    memset(wav, 0, sizeof *wav);
    wav->file = fopen(path, "rb");
    if (wav->file == NULL || fread(name, 1, 4, wav->file) != 4 || memcmp(name, "RIFF", 4) != 0) {
        return 0;
    }
    read_number(wav->file, 4);
    if (fread(name, 1, 4, wav->file) != 4 || memcmp(name, "WAVE", 4) != 0) {
        return 0;
    }
    while (fread(name, 1, 4, wav->file) == 4) {
        uint32_t n_bytes = read_number(wav->file, 4);
        if (memcmp(name, "data", 4) == 0) {
            return 1;
        }
        if (memcmp(name, "fmt ", 4) == 0 && n_bytes >= 16) {
            read_number(wav->file, 2);
            wav->n_channels = read_number(wav->file, 2);
            wav->rate = read_number(wav->file, 4);
            read_number(wav->file, 6);
            wav->n_bits = read_number(wav->file, 2);
            n_bytes -= 16;
        }
        if (fseek(wav->file, (long)(n_bytes + n_bytes % 2), SEEK_CUR) != 0) {
            return 0;
        }
    }
    return 0;
}

/* One sample of each channel that the front end takes; 0 at the end. */
static int read_sample(const struct wav *wav, int16_t *sample)
{
    int32_t total = 0;
    for (uint32_t channel = 0; channel < wav->n_channels; channel++) {
        unsigned char bytes[2];
        if (fread(bytes, 1, 2, wav->file) != 2) {
            return 0;
        }
        const int32_t value = (int16_t)(bytes[0] | bytes[1] << 8);
        total += value;
        if (channel < LOG_MEL_N_CHANNELS) {
            sample[channel] = (int16_t)value;
        }
    }
    if (LOG_MEL_N_CHANNELS == 1) {
        sample[0] = (int16_t)(total / (int32_t)wav->n_channels);
    } else if (wav->n_channels == 1) {
        sample[LOG_MEL_N_CHANNELS - 1] = sample[0];
    }
    return 1;
}

static void tell(double seconds)
{
    const struct classify_decision *now = classify_result();
    const char *name = now->heard < 0 ? "-" : classify_class_names[now->heard];
    printf("%8.2f s  %-24s %5.1f %%\n", seconds, name, 100.0 * (double)now->probabilities[now->best]);
}

static int fail(const char *path, const char *why)
{
    fprintf(stderr, "%s: %s\n", path, why);
    return 2;
}

int main(int n_arguments, char **arguments)
{
    struct wav wav;
    int16_t sample[LOG_MEL_N_CHANNELS];
    double n_samples = 0;
    if (n_arguments < 2) {
        return fail(arguments[0], "give a WAV file, and the settings: step_frames n_smoothed threshold n_held");
    }
    if (!open_wav(arguments[1], &wav) || wav.n_bits != 16 || wav.n_channels < 1 || wav.n_channels > N_MOST_CHANNELS) {
        return fail(arguments[1], "no WAV file of 16 bits");
    }
    if (wav.rate != LOG_MEL_SAMPLE_RATE) {
        return fail(arguments[1], "another sample rate than the front end's");
    }
    if (n_arguments == 6) {
        struct classify_settings settings;
        settings.step_frames = atoi(arguments[2]);
        settings.n_smoothed = atoi(arguments[3]);
        settings.threshold = (float)atof(arguments[4]);
        settings.n_held = atoi(arguments[5]);
        classify_init(&settings);
    } else {
        classify_init(NULL);
    }
    while (read_sample(&wav, sample)) {
        n_samples++;
        if (classify_push(sample, 1) > 0) {
            tell(n_samples / LOG_MEL_SAMPLE_RATE);
        }
    }
    memset(sample, 0, sizeof sample); /* half a window of silence, so that the last centred frame is whole */
    for (int32_t i = 0; i < LOG_MEL_IS_CENTERED * (LOG_MEL_WIN_LENGTH / 2); i++) {
        if (classify_push(sample, 1) > 0) {
            tell(n_samples / LOG_MEL_SAMPLE_RATE);
        }
    }
    fclose(wav.file);
    return 0;
}
