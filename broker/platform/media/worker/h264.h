#pragma once
// What we look at in H.264 without decoding it: where NAL units lie, and the fingerprint of an IDR picture.

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

namespace invigil::media {

/// Bytes of length before each NAL unit: 1, 2 or 4 from an avcC record; 0 when `extradata` is none (then start codes are used).
int nal_length_size(std::string_view extradata);

/// Calls back with each NAL unit (header byte first, no start code, no trailing zeros) of one access unit. Stops at damage.
void for_each_nal(std::string_view packet, int length_size, const std::function<void(std::string_view)>& on_nal);

/// FNV-1a, 64 bits, over the slices (NAL type 5, without their header byte) of an IDR picture; empty when it is none. The same
/// for the same coded picture whether it came with start codes or lengths: parameter sets, SEI and delimiters are left out.
std::optional<std::uint64_t> idr_payload_hash(std::string_view packet, int length_size);

}  // namespace invigil::media
