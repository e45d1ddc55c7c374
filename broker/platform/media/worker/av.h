#pragma once
// Owning pointers for libav's objects and its error numbers in words.

#include <memory>
#include <string>

#include "models/result.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavcodec/bsf.h>
#include <libavformat/avformat.h>
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>
}

namespace invigil::media {

/// Adapts libav's free-by-double-pointer functions.
template <auto Free>
struct FreeByAddress {
  template <class T>
  void operator()(T* p) const {
    Free(&p);
  }
};
struct FreeScaler {
  void operator()(SwsContext* p) const { sws_freeContext(p); }
};
struct FreeParser {
  void operator()(AVCodecParserContext* p) const { av_parser_close(p); }
};
/// An AVIOContext of ours and the buffer it may have replaced.
struct FreeIo {
  void operator()(AVIOContext* p) const {
    av_freep(&p->buffer);
    avio_context_free(&p);
  }
};
struct FreeOutput {
  void operator()(AVFormatContext* p) const { avformat_free_context(p); }
};

using FramePtr = std::unique_ptr<AVFrame, FreeByAddress<av_frame_free>>;
using PacketPtr = std::unique_ptr<AVPacket, FreeByAddress<av_packet_free>>;
using CodecPtr = std::unique_ptr<AVCodecContext, FreeByAddress<avcodec_free_context>>;
using InputPtr = std::unique_ptr<AVFormatContext, FreeByAddress<avformat_close_input>>;
using OutputPtr = std::unique_ptr<AVFormatContext, FreeOutput>;
using BsfPtr = std::unique_ptr<AVBSFContext, FreeByAddress<av_bsf_free>>;
using ParametersPtr = std::unique_ptr<AVCodecParameters, FreeByAddress<avcodec_parameters_free>>;
using ScalerPtr = std::unique_ptr<SwsContext, FreeScaler>;
using ParserPtr = std::unique_ptr<AVCodecParserContext, FreeParser>;
using IoPtr = std::unique_ptr<AVIOContext, FreeIo>;

inline FramePtr make_frame() { return FramePtr(av_frame_alloc()); }
inline PacketPtr make_packet() { return PacketPtr(av_packet_alloc()); }
inline PacketPtr copy_of(const AVPacket& p) { return PacketPtr(av_packet_clone(&p)); }

/// libav's own words for an error number.
inline std::string av_words(int error) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(error, text, sizeof text);
  return text;
}

/// Microseconds of a time stamp in its time base.
inline std::int64_t to_us(std::int64_t ts, AVRational time_base) { return av_rescale_q(ts, time_base, AVRational{1, 1'000'000}); }

}  // namespace invigil::media
