#pragma once
// Wire messages to and from bytes: the one place that knows how frame 0 of a bus message begins.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "broker/platform/crypto/crypto.h"
#include "models/result.h"
#include "models/time.h"
#include "models/wire.pb.h"

namespace invigil {

/// Both clocks at one moment, as a core that owns no clock is told them.
struct Now {
  Instant wall;
  std::int64_t mono_us = 0;
};
inline Now now_of(const Clock& clock) { return {clock.now(), clock.mono_us()}; }

/// What this build speaks, and the oldest it still understands: brokers are upgraded first, agents over the weeks after. A peer of
/// another version is refused with words.
inline constexpr std::uint32_t kWireVersion = 2;
inline constexpr std::uint32_t kOldestWireVersion = 1;
inline bool speaks_our_wire(std::uint32_t version) { return version >= kOldestWireVersion && version <= kWireVersion; }
/// Protobuf messages are small; records and objects are not in them.
inline constexpr std::size_t kMaxMessageBytes = 512 * 1024;
/// An object travels in answers of at most this much.
inline constexpr std::size_t kObjectChunkBytes = 1024 * 1024;
/// A last value (a snapshot).
inline constexpr std::size_t kMaxValueBytes = 512 * 1024;

inline constexpr char kDataFrame = 'D';
inline constexpr char kMessageFrame = 'M';

/// Hash of the stored record (stream, seq), empty when it is not stored: a log seen by a core that does no I/O of its own.
using HashLookup = std::function<std::optional<Hash>(std::string_view stream, std::uint64_t seq)>;

std::string encode(const ToBroker& message);
std::string encode(const FromBroker& message);

/// Parses frame 0 of a message ('M' first). `invalid` or `too_large`; never allocates by a length it has not checked.
Result<ToBroker> decode_to_broker(std::string_view frame);
Result<FromBroker> decode_from_broker(std::string_view frame);

/// True for a DATA frame; its records are then `frame.substr(1)`.
inline bool is_data(std::string_view frame) { return !frame.empty() && frame.front() == kDataFrame; }

/// What a peer of another version is told.
Error other_wire(std::string_view principal, std::uint32_t version);

void set_failure(Failure& out, const Error& error);
/// The Error a peer sent; codes this build does not know become `internal`.
Error error_from(const Failure& failure);

}  // namespace invigil
