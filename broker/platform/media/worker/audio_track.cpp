#include "broker/platform/media/worker/audio_track.h"

#include <cstring>

namespace invigil::media {

AudioTrack::AudioTrack(const AVCodecParameters& parameters) : parameters_(avcodec_parameters_alloc()) {
  avcodec_parameters_copy(parameters_.get(), &parameters);
  if (!mp4_carries(parameters)) {
    left_out_ = std::string("its sound (") + avcodec_get_name(parameters.codec_id) +
                ") cannot be kept in MP4 and is left out: set the camera to AAC";
    return;
  }
  ready_ = parameters.codec_id != AV_CODEC_ID_AAC || parameters.extradata_size > 0;
  if (ready_) return;
  AVBSFContext* raw = nullptr;
  if (av_bsf_alloc(av_bsf_get_by_name("aac_adtstoasc"), &raw) < 0) return;
  from_adts_.reset(raw);
  avcodec_parameters_copy(raw->par_in, &parameters);
  if (av_bsf_init(raw) < 0) from_adts_.reset();
}

PacketPtr AudioTrack::carried(const AVPacket& packet) {
  if (!left_out_.empty()) return nullptr;
  PacketPtr out = copy_of(packet);
  if (!out || !from_adts_) return ready_ ? std::move(out) : nullptr;
  if (av_bsf_send_packet(from_adts_.get(), out.get()) < 0 || av_bsf_receive_packet(from_adts_.get(), out.get()) < 0) return nullptr;
  std::size_t size = 0;
  const auto* config = av_packet_get_side_data(out.get(), AV_PKT_DATA_NEW_EXTRADATA, &size);
  if (!ready_ && config && size > 0) {
    parameters_->extradata = static_cast<std::uint8_t*>(av_mallocz(size + AV_INPUT_BUFFER_PADDING_SIZE));
    std::memcpy(parameters_->extradata, config, size);
    parameters_->extradata_size = static_cast<int>(size);
    ready_ = true;
  }
  av_packet_free_side_data(out.get());
  return ready_ ? std::move(out) : nullptr;
}

}  // namespace invigil::media
