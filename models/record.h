#pragma once
// A record as bytes: header and payload exactly as their writer made them, and how several lie one after another.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/record.pb.h"
#include "models/result.h"

namespace invigil {

/// Limits every parser checks before it allocates.
inline constexpr std::size_t kMaxHeaderBytes = 4 * 1024;
inline constexpr std::size_t kMaxPayloadBytes = 256 * 1024;     ///< larger things are objects
inline constexpr std::size_t kMaxFrameBytes = 4 * 1024 * 1024;  ///< one bus frame of records
inline constexpr std::size_t kMaxObjectBytes = 16 * 1024 * 1024;

/// Header and payload bytes as stored; owns them. Its hash is the hash of `header` (which holds the payload's hash).
struct Record {
  std::string header;
  std::string payload;
};

/// The same, borrowed: valid as long as the bytes it was cut from.
struct RecordView {
  std::string_view header;
  std::string_view payload;
};

inline RecordView view_of(const Record& r) { return {r.header, r.payload}; }

/// A record with its place in one log (commit order, from 0). The position means nothing in any other log.
struct StoredRecord {
  std::uint64_t position = 0;
  Record record;
};

/// Records one after another, each [u32 header size][u32 payload size][header][payload], little-endian:
/// the body of a DATA frame and of a log entry.
void append_framed(std::string& out, RecordView record);
/// Cuts a frame into views onto `bytes`. Fails with `invalid` or `too_large` without allocating by a length it has not checked.
Result<std::vector<RecordView>> cut_framed(std::string_view bytes);

/// Parses header bytes and checks what can be checked without keys: stream name, seq ≥ 1, hash sizes, payload size.
Result<RecordHeader> parse_header(std::string_view header);

/// Parses a payload as its message; `invalid` with the type's name when it is not one.
template <class Message>
Result<Message> parse_payload(std::string_view payload) {
  Message message;
  if (payload.size() > kMaxPayloadBytes || !message.ParseFromArray(payload.data(), static_cast<int>(payload.size())))
    return fail(ErrorCode::invalid, "a payload is not a " + Message::descriptor()->name());
  return message;
}

}  // namespace invigil
