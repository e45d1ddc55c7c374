#include "broker/platform/media/worker/h264.h"

#include <algorithm>

namespace invigil::media {
namespace {

constexpr std::uint64_t kFnvOffset = 14695981039346656037ull;
constexpr std::uint64_t kFnvPrime = 1099511628211ull;

std::string_view without_trailing_zeros(std::string_view nal) {
  while (!nal.empty() && nal.back() == '\0') nal.remove_suffix(1);
  return nal;
}

void by_start_codes(std::string_view rest, const std::function<void(std::string_view)>& on_nal) {
  constexpr std::string_view code("\0\0\1", 3);
  auto at = rest.find(code);
  while (at != std::string_view::npos) {
    const auto begin = at + code.size();
    at = rest.find(code, begin);
    const auto nal = without_trailing_zeros(rest.substr(begin, at == std::string_view::npos ? at : at - begin));
    if (!nal.empty()) on_nal(nal);
  }
}

}  // namespace

int nal_length_size(std::string_view extradata) {
  if (extradata.size() < 7 || extradata[0] != 1) return 0;
  return (static_cast<unsigned char>(extradata[4]) & 3) + 1;
}

void for_each_nal(std::string_view packet, int length_size, const std::function<void(std::string_view)>& on_nal) {
  if (length_size == 0) return by_start_codes(packet, on_nal);
  const auto prefix = static_cast<std::size_t>(length_size);
  while (packet.size() > prefix) {
    std::size_t size = 0;
    for (std::size_t i = 0; i < prefix; ++i) size = size << 8 | static_cast<unsigned char>(packet[i]);
    packet.remove_prefix(prefix);
    if (size > packet.size()) return;
    const auto nal = without_trailing_zeros(packet.substr(0, size));
    if (!nal.empty()) on_nal(nal);
    packet.remove_prefix(size);
  }
}

std::optional<std::uint64_t> idr_payload_hash(std::string_view packet, int length_size) {
  std::optional<std::uint64_t> hash;
  for_each_nal(packet, length_size, [&](std::string_view nal) {
    constexpr unsigned idr_slice = 5;
    if ((static_cast<unsigned char>(nal[0]) & 0x1f) != idr_slice) return;
    if (!hash) hash = kFnvOffset;
    for (const char c : nal.substr(1)) hash = (*hash ^ static_cast<unsigned char>(c)) * kFnvPrime;
  });
  return hash;
}

}  // namespace invigil::media
