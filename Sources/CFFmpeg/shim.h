// FFmpeg's libraries, linked dynamically (LGPL).
//
// Beside the includes: inline accessors for what Swift cannot import (function-like macros) and for what changed
// between versions (channel layouts, constness of callbacks and buffers), so that the Swift code is the same for all of
// them. Tested with FFmpeg 5.1; of the branch for older ones only that it compiles.
#pragma once
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/avutil.h>
#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>
#include <libavutil/tx.h>
#include <libswresample/swresample.h>
#include <errno.h>

// AVChannelLayout came with FFmpeg 5.1 (libavutil 57.24).
#ifndef EPANNS_HAS_CHANNEL_LAYOUT
#define EPANNS_HAS_CHANNEL_LAYOUT (LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(57, 24, 100))
#endif

static inline int epanns_error_end_of_file(void) { return AVERROR_EOF; }
static inline int epanns_error_again(void) { return AVERROR(EAGAIN); }
static inline int epanns_error_input(void) { return AVERROR(EIO); }
static inline int epanns_error_no_memory(void) { return AVERROR(ENOMEM); }
static inline int64_t epanns_no_timestamp(void) { return AV_NOPTS_VALUE; }

static inline int epanns_frame_channels(const AVFrame *frame) {
#if EPANNS_HAS_CHANNEL_LAYOUT
    return frame->ch_layout.nb_channels;
#else
    return frame->channels;
#endif
}

static inline int epanns_parameters_channels(const AVCodecParameters *parameters) {
#if EPANNS_HAS_CHANNEL_LAYOUT
    return parameters->ch_layout.nb_channels;
#else
    return parameters->channels;
#endif
}

// Mono Float32 in, mono Float32 out; options such as the engine are set before swr_init.
static inline int epanns_swr_alloc_mono(SwrContext **context, int output_rate, int input_rate) {
#if EPANNS_HAS_CHANNEL_LAYOUT
    AVChannelLayout mono;
    av_channel_layout_default(&mono, 1);
    return swr_alloc_set_opts2(
        context, &mono, AV_SAMPLE_FMT_FLT, output_rate, &mono, AV_SAMPLE_FMT_FLT, input_rate, 0, NULL);
#else
    *context = swr_alloc_set_opts(
        NULL, AV_CH_LAYOUT_MONO, AV_SAMPLE_FMT_FLT, output_rate, AV_CH_LAYOUT_MONO, AV_SAMPLE_FMT_FLT, input_rate,
        0, NULL);
    return *context ? 0 : AVERROR(ENOMEM);
#endif
}

// swr_convert's parameters became const in libswresample 5, in several ways. C++ takes no void pointer for them.
static inline int epanns_swr_convert_mono(
    SwrContext *context, float *output, int capacity, const float *input, int count) {
    uint8_t *out[1] = {(uint8_t *)output};
    const uint8_t *in[1] = {(const uint8_t *)input};
    return swr_convert(context, out, capacity, input ? in : NULL, input ? count : 0);
}

// Without a write callback the buffer's constness, which FFmpeg 7 changed, never shows.
static inline AVIOContext *epanns_avio_alloc_reader(
    unsigned char *buffer, int size, void *opaque, int (*read)(void *, uint8_t *, int),
    int64_t (*seek)(void *, int64_t, int)) {
    return avio_alloc_context(buffer, size, 0, opaque, read, NULL, seek);
}

// The buffer may have been replaced by libavformat, so it is freed through the context.
static inline void epanns_avio_free(AVIOContext **context) {
    if (!*context) return;
    av_freep(&(*context)->buffer);
    avio_context_free(context);
}

// 1 when the demuxer only guessed the duration from the bit rate.
static inline int epanns_duration_is_guess(const AVFormatContext *context) {
    return context->duration_estimation_method == AVFMT_DURATION_FROM_BITRATE;
}

static inline void epanns_transform(av_tx_fn function, AVTXContext *context, float *output, float *input) {
    function(context, output, input, sizeof(float));
}

// A transform of double precision; the stride of complex ones is an element's size.
static inline void epanns_transform_double(av_tx_fn function, AVTXContext *context, double *output, double *input) {
    function(context, output, input, 2 * sizeof(double));
}
