#include "broker/platform/media/worker/h264_track.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "broker/platform/media/worker/h264.h"

namespace invigil::media {
namespace {

constexpr unsigned kSliceFirst = 1, kSliceLast = 5, kSps = 7, kPps = 8;

std::string_view bytes_of(const std::uint8_t* data, int size) {
  return data ? std::string_view(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size)) : std::string_view();
}

}  // namespace

H264Track::H264Track(const AVCodecParameters& parameters)
    : parameters_(avcodec_parameters_alloc()),
      context_(avcodec_alloc_context3(avcodec_find_decoder_by_name("h264"))),
      parser_(av_parser_init(AV_CODEC_ID_H264)) {
  avcodec_parameters_copy(parameters_.get(), &parameters);
  avcodec_parameters_to_context(context_.get(), &parameters);
  parser_->flags |= PARSER_FLAG_COMPLETE_FRAMES;
  length_size_ = nal_length_size(bytes_of(parameters.extradata, parameters.extradata_size));
}

bool H264Track::take_sets(const std::string& sets) {
  if (sets.empty() || sets == bytes_of(parameters_->extradata, parameters_->extradata_size)) return false;
  av_freep(&parameters_->extradata);
  parameters_->extradata = static_cast<std::uint8_t*>(av_mallocz(sets.size() + AV_INPUT_BUFFER_PADDING_SIZE));
  std::memcpy(parameters_->extradata, sets.data(), sets.size());
  parameters_->extradata_size = static_cast<int>(sets.size());
  return true;
}

std::size_t H264Track::reorder_depth(const AVPacket& key) const {
  const AVCodec* codec = avcodec_find_decoder_by_name("h264");
  const CodecPtr reader(avcodec_alloc_context3(codec));
  avcodec_parameters_to_context(reader.get(), parameters_.get());
  reader->has_b_frames = 0;
  reader->thread_count = 1;
  reader->max_pixels = 4096 * 2304;
  if (avcodec_open2(reader.get(), codec, nullptr) < 0 || avcodec_send_packet(reader.get(), &key) < 0) return 0;
  return static_cast<std::size_t>(std::max(reader->has_b_frames, 0));
}

H264Track::Look H264Track::look(const AVPacket& packet) {
  Look seen;
  std::size_t side_size = 0;
  if (const auto* side = av_packet_get_side_data(&packet, AV_PKT_DATA_NEW_EXTRADATA, &side_size); side && side_size > 0) {
    const std::string sets(reinterpret_cast<const char*>(side), side_size);
    seen.new_sets = take_sets(sets);
    length_size_ = nal_length_size(sets);
  }
  const auto bytes = bytes_of(packet.data, packet.size);
  std::string sets;
  bool sps = false, pps = false;
  for_each_nal(bytes, length_size_, [&](std::string_view nal) {
    const unsigned type = static_cast<unsigned char>(nal[0]) & 0x1f;
    if (type >= kSliceFirst && type <= kSliceLast) seen.picture = true;
    if (type != kSps && type != kPps) return;
    (type == kSps ? sps : pps) = true;
    sets.append("\0\0\0\1", 4).append(nal);
  });
  // With lengths the sets stand in the container's record, and those in the stream stay where they are.
  if (length_size_ == 0 && sps && pps) seen.new_sets = take_sets(sets) || seen.new_sets;

  std::uint8_t* out = nullptr;
  int out_size = 0;
  av_parser_parse2(parser_.get(), context_.get(), &out, &out_size, packet.data, packet.size, packet.pts, packet.dts, 0);
  if (parser_->width > 0 && parser_->height > 0) {
    parameters_->width = parser_->width;
    parameters_->height = parser_->height;
  }
  seen.reordered = parser_->pict_type == AV_PICTURE_TYPE_B;
  seen.idr_hash = idr_payload_hash(bytes, length_size_);
  seen.key = (packet.flags & AV_PKT_FLAG_KEY) != 0 || seen.idr_hash.has_value();
  return seen;
}

}  // namespace invigil::media
