#pragma once
// The Range header: which bytes of a thing of known size a client wants (RFC 9110, single ranges).

#include <cstdint>
#include <optional>
#include <string_view>

namespace invigil {

/// Bytes [first, first + size).
struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t size = 0;
};

/// What to answer: the whole (200), a part (206) or nothing (416).
struct RangeAnswer {
  enum class Kind { whole, part, unsatisfiable } kind = Kind::whole;
  ByteRange range = {};
};

/// Reads "bytes=a-b", "bytes=a-", "bytes=-n" against a size. Several ranges, other units and malformed headers mean the whole,
/// as the RFC allows; a start at or beyond the end is unsatisfiable.
RangeAnswer choose_range(std::string_view header, std::uint64_t size);

}  // namespace invigil
