// FFmpeg's libraries, linked dynamically (LGPL).
#pragma once
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/avutil.h>
#include <libavutil/tx.h>
#include <libswresample/swresample.h>
