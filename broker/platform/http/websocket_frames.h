#pragma once
// WebSocket framing (RFC 6455, server side) as pure functions over bytes.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "models/result.h"

namespace invigil {

enum class SocketOpcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

/// A whole message or control frame from a client.
struct SocketMessage {
  SocketOpcode opcode{};
  std::string payload;
};

/// Why a socket is closed; the numbers of RFC 6455.
namespace socket_close {
inline constexpr std::uint16_t kNormal = 1000, kGoingAway = 1001, kProtocolError = 1002, kNotAcceptable = 1003, kNotUtf8 = 1007,
                               kPolicy = 1008, kTooBig = 1009, kTryAgain = 1013;
}

/// Reads a client's frames as bytes arrive and joins fragments. Single-thread. Memory is bounded by `max_message`.
class SocketReader {
 public:
  explicit SocketReader(std::size_t max_message) : max_message_(max_message) {}
  void feed(std::string_view bytes) { buffer_.append(bytes); }
  /// The next message; empty when more bytes are needed. An Error's `where` is the close code to answer with ("1002").
  Result<std::optional<SocketMessage>> next();

 private:
  Result<std::optional<SocketMessage>> take(bool final_frame, SocketOpcode opcode, std::string payload);
  std::size_t max_message_;
  std::string buffer_;
  std::optional<SocketMessage> partial_;
};

/// One unmasked final frame, as a server sends it.
std::string socket_frame(SocketOpcode opcode, std::string_view payload);
std::string close_frame(std::uint16_t code, std::string_view reason);
/// Sec-WebSocket-Accept for a client's Sec-WebSocket-Key.
std::string socket_accept_key(std::string_view key);

}  // namespace invigil
