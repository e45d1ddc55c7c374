// Whatever a media child may write to its parent: a header, then a body read as the message its kind names, and as a NAL walk.
#include <cstdint>
#include <string_view>

#include "broker/platform/media/protocol.h"
#include "broker/platform/media/source.h"
#include "broker/platform/media/worker/h264.h"

namespace {

// A message that is accepted must pack to the very bytes it came from: otherwise the reader took what the writer never writes.
template <class Message>
void round_trip(std::string_view body) {
  const auto m = invigil::media::unpack<Message>(body);
  if (m && invigil::media::pack(*m) != body) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace invigil::media;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto header = unpack_header(bytes.substr(0, kHeaderSize));
  if (size <= kHeaderSize) return 0;
  const auto body = bytes.substr(kHeaderSize);
  if (header && header->size > body_limit(header->kind)) __builtin_trap();
  switch (header ? header->kind : Kind::stop) {
    case Kind::open_source: round_trip<OpenSource>(body); break;
    case Kind::decode_setup: round_trip<DecodeSetup>(body); break;
    case Kind::decode_part: round_trip<DecodePart>(body); break;
    case Kind::cut_part: round_trip<CutPart>(body); break;
    case Kind::picture: round_trip<PictureMessage>(body); break;
    case Kind::part_done: round_trip<PartDone>(body); break;
    case Kind::source_end: round_trip<SourceEnd>(body); break;
    case Kind::event: round_trip<EventMessage>(body); break;
    case Kind::part: round_trip<PartMessage>(body); break;
    case Kind::cut_done: round_trip<CutDone>(body); break;
    case Kind::info: round_trip<InfoMessage>(body); break;
    case Kind::failure: round_trip<Failure>(body); break;
    default:
      idr_payload_hash(body, 0);
      idr_payload_hash(body, 1 + data[0] % 4);
      without_credentials(std::string(body));
  }
  return 0;
}
