#include "broker/platform/media/worker/input.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace invigil::media {
namespace {

// Containers a camera or a recording comes in. Not here: anything that opens further files (playlists, concat, image sequences).
constexpr const char* kFormats = "mov,matroska,webm,mpegts,mpeg,avi,h264,hevc,m4v,mpegvideo,flv,gif,asf,mjpeg,ogg,ivf";
// Decoders written within libavcodec; the first names are what cameras send.
constexpr std::array kDecoders = {"h264", "hevc", "mjpeg", "mpeg4",   "mpeg2video", "mpeg1video", "vp8",   "vp9",
                                  "gif",  "h263", "flv",   "msmpeg4", "msmpeg4v2",  "wmv2",       "theora"};
constexpr const char* kProbing =
    "h264,hevc,mjpeg,mpeg4,mpeg2video,mpeg1video,vp8,vp9,gif,h263,flv,msmpeg4,msmpeg4v2,wmv2,theora,aac,mp3float,ac3";
constexpr int kIoBuffer = 64 * 1024;

int read_fd(void* opaque, std::uint8_t* to, int size) {
  const int fd = static_cast<int>(reinterpret_cast<std::intptr_t>(opaque));
  const auto n = ::read(fd, to, static_cast<std::size_t>(size));
  if (n < 0) return AVERROR(errno);
  return n == 0 ? AVERROR_EOF : static_cast<int>(n);
}

std::int64_t seek_fd(void* opaque, std::int64_t offset, int whence) {
  const int fd = static_cast<int>(reinterpret_cast<std::intptr_t>(opaque));
  if (whence == AVSEEK_SIZE) {
    const auto here = ::lseek(fd, 0, SEEK_CUR);
    const auto size = ::lseek(fd, 0, SEEK_END);
    ::lseek(fd, here, SEEK_SET);
    return size;
  }
  const auto at = ::lseek(fd, offset, whence & ~AVSEEK_FORCE);
  return at < 0 ? AVERROR(errno) : at;
}

int interrupted(void* opaque) { return static_cast<Watch*>(opaque)->over() ? 1 : 0; }

void set(AVDictionary** options, const char* key, const char* value) { av_dict_set(options, key, value, 0); }

struct Options {
  AVDictionary* dictionary = nullptr;
  ~Options() { av_dict_free(&dictionary); }
};

}  // namespace

int Input::Memory::read(void* opaque, std::uint8_t* to, int size) {
  auto& m = *static_cast<Memory*>(opaque);
  const auto n = std::min(static_cast<std::size_t>(size), m.bytes.size() - m.at);
  if (n == 0) return AVERROR_EOF;
  std::memcpy(to, m.bytes.data() + m.at, n);
  m.at += n;
  return static_cast<int>(n);
}

std::int64_t Input::Memory::seek(void* opaque, std::int64_t offset, int whence) {
  auto& m = *static_cast<Memory*>(opaque);
  const auto size = static_cast<std::int64_t>(m.bytes.size());
  if (whence == AVSEEK_SIZE) return size;
  const std::int64_t base = (whence & 3) == SEEK_CUR ? static_cast<std::int64_t>(m.at) : (whence & 3) == SEEK_END ? size : 0;
  if (offset > size || base + offset < 0 || base + offset > size) return AVERROR(EINVAL);
  m.at = static_cast<std::size_t>(base + offset);
  return base + offset;
}

bool Watch::over() {
  if (called || expired) return true;
  if (std::chrono::steady_clock::now() >= deadline) return expired = true;
  pollfd p{control_fd, POLLIN, 0};
  if (control_fd >= 0 && ::poll(&p, 1, 0) > 0) called = true;
  return called;
}

Result<> Input::choose_streams(ErrorCode code) {
  const int video = av_find_best_stream(format_.get(), AVMEDIA_TYPE_VIDEO, -1, -1, nullptr, 0);
  if (video < 0) return fail(code, "there is no video in it: give a camera's stream or a video file");
  video_ = format_->streams[video];
  if (video_->disposition & AV_DISPOSITION_ATTACHED_PIC)
    return fail(code, "there is only a still picture in it: give a camera's stream or a video file");
  const int audio = av_find_best_stream(format_.get(), AVMEDIA_TYPE_AUDIO, -1, video, nullptr, 0);
  audio_ = audio < 0 ? nullptr : format_->streams[audio];
  for (unsigned i = 0; i < format_->nb_streams; ++i)
    if (format_->streams[i] != video_ && format_->streams[i] != audio_) format_->streams[i]->discard = AVDISCARD_ALL;
  if (video_->time_base.num <= 0 || video_->time_base.den <= 0) return fail(code, "its time base is nonsense");
  return {};
}

Result<Input> Input::from_file(int fd, const std::string& name_hint, Watch& watch) {
  Input in;
  ::lseek(fd, 0, SEEK_SET);
  in.io_.reset(avio_alloc_context(static_cast<unsigned char*>(av_malloc(kIoBuffer)), kIoBuffer, 0,
                                  reinterpret_cast<void*>(static_cast<std::intptr_t>(fd)), &read_fd, nullptr, &seek_fd));
  AVFormatContext* context = avformat_alloc_context();
  context->pb = in.io_.get();
  context->interrupt_callback = {&interrupted, &watch};
  Options options;
  set(&options.dictionary, "protocol_whitelist", "");
  set(&options.dictionary, "format_whitelist", kFormats);
  set(&options.dictionary, "codec_whitelist", kProbing);
  int r = avformat_open_input(&context, name_hint.c_str(), nullptr, &options.dictionary);
  if (r >= 0) {
    in.format_.reset(context);
    r = avformat_find_stream_info(context, nullptr);
  }
  if (r < 0)
    return fail(ErrorCode::invalid,
                fmt::format("this is no video file we can read, or it is cut off ({}): give an MP4, MKV, MPEG-TS or AVI file that plays",
                            av_words(r)));
  if (auto chosen = in.choose_streams(ErrorCode::invalid); !chosen) return tl::make_unexpected(chosen.error());
  return in;
}

Result<Input> Input::from_part(std::string_view bytes) {
  Input in;
  in.memory_ = std::make_unique<Memory>(Memory{bytes});
  in.io_.reset(avio_alloc_context(static_cast<unsigned char*>(av_malloc(kIoBuffer)), kIoBuffer, 0, in.memory_.get(), &Memory::read, nullptr,
                                  &Memory::seek));
  AVFormatContext* context = avformat_alloc_context();
  context->pb = in.io_.get();
  Options options;
  set(&options.dictionary, "protocol_whitelist", "");
  const int r = avformat_open_input(&context, "", av_find_input_format("mp4"), &options.dictionary);
  if (r < 0) return fail(ErrorCode::corrupt, fmt::format("this part is not readable ({})", av_words(r)));
  in.format_.reset(context);
  if (auto chosen = in.choose_streams(ErrorCode::corrupt); !chosen) return tl::make_unexpected(chosen.error());
  return in;
}

Result<Input> Input::from_rtsp(const std::string& url, Watch& watch, const std::function<Result<>()>& opened) {
  Input in;
  AVFormatContext* context = avformat_alloc_context();
  context->interrupt_callback = {&interrupted, &watch};
  context->flags |= AVFMT_FLAG_NOBUFFER;
  Options options;
  set(&options.dictionary, "rtsp_transport", "tcp");
  set(&options.dictionary, "allowed_media_types", "video+audio");
  set(&options.dictionary, "protocol_whitelist", "rtsp,tcp,rtp");
  set(&options.dictionary, "codec_whitelist", kProbing);
  const int r = avformat_open_input(&context, url.c_str(), av_find_input_format("rtsp"), &options.dictionary);
  if (r < 0) {
    if (watch.expired || r == AVERROR(ETIMEDOUT))
      return fail(ErrorCode::unavailable, "the camera does not answer in time: check its address, its power and the network");
    if (r == AVERROR_HTTP_UNAUTHORIZED || r == AVERROR_HTTP_FORBIDDEN)
      return fail(ErrorCode::denied, "the camera refuses the user name or password: correct them in the camera's source");
    if (r == AVERROR_HTTP_NOT_FOUND)
      return fail(ErrorCode::not_found, "the camera has no stream under this path: correct the path in the camera's source");
    if (r == AVERROR(ECONNREFUSED))
      return fail(ErrorCode::unavailable, "nothing listens at this address: check the port and that RTSP is switched on in the camera");
    if (r == AVERROR_INVALIDDATA)
      return fail(ErrorCode::invalid, "what answers at this address does not speak RTSP: check the address and port");
    return fail(ErrorCode::unavailable,
                fmt::format("the camera's stream cannot be opened ({}): check address, path and network", av_words(r)));
  }
  in.format_.reset(context);
  if (auto locked = opened(); !locked) return tl::make_unexpected(locked.error());
  if (auto chosen = in.choose_streams(ErrorCode::invalid); !chosen) return tl::make_unexpected(chosen.error());
  return in;
}

Result<std::string> with_numeric_host(const std::string& url) {
  const auto scheme = url.find("://");
  if (scheme == std::string::npos) return fail(ErrorCode::invalid, "this is no URL");
  const auto begin = scheme + 3;
  const auto path = std::min(url.find_first_of("/?#", begin), url.size());
  const auto at = url.rfind('@', path);
  const auto host_begin = at == std::string::npos || at < begin ? begin : at + 1;
  if (host_begin < path && url[host_begin] == '[') return url;  // an IPv6 number already
  const auto host_end = std::min(url.find(':', host_begin), path);
  const auto host = url.substr(host_begin, host_end - host_begin);
  in_addr number{};
  if (::inet_pton(AF_INET, host.c_str(), &number) == 1) return url;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (host.empty() || ::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0 || !found)
    return fail(ErrorCode::unavailable,
                "the camera's host name is unknown: correct it in the camera's source, or give the address as a number");
  char text[NI_MAXHOST] = {};
  const int r = ::getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST);
  const bool v6 = found->ai_family == AF_INET6;
  ::freeaddrinfo(found);
  if (r != 0) return fail(ErrorCode::unavailable, "the camera's host name is unknown: give the address as a number");
  return url.substr(0, host_begin) + (v6 ? fmt::format("[{}]", text) : text) + url.substr(host_end);
}

Result<const AVCodec*> decoder_for(const AVCodecParameters& parameters) {
  for (const char* name : kDecoders) {
    const AVCodec* codec = avcodec_find_decoder_by_name(name);
    if (codec && codec->id == parameters.codec_id) return codec;
  }
  return fail(ErrorCode::unsupported,
              fmt::format("its video codec '{}' cannot be decoded here: set the camera to H.264", avcodec_get_name(parameters.codec_id)));
}

}  // namespace invigil::media
