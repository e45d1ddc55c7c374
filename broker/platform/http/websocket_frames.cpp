#include "broker/platform/http/websocket_frames.h"

#include <Poco/Base64Encoder.h>
#include <Poco/SHA1Engine.h>

#include <sstream>

#include "models/utf8.h"

namespace invigil {
namespace {

tl::unexpected<Error> protocol_error(std::string message) { return fail(ErrorCode::invalid, std::move(message), "1002"); }

}  // namespace

Result<std::optional<SocketMessage>> SocketReader::next() {
  while (true) {
    if (buffer_.size() < 2) return std::nullopt;
    const auto byte = [this](std::size_t i) { return static_cast<std::uint8_t>(buffer_[i]); };
    const bool final_frame = (byte(0) & 0x80) != 0;
    const std::uint8_t code = byte(0) & 0x0f;
    if ((byte(0) & 0x70) != 0) return protocol_error("a reserved bit is set");
    if (code > 10 || (code > 2 && code < 8)) return protocol_error("an unknown frame type");
    if ((byte(1) & 0x80) == 0) return protocol_error("a client's frame is not masked");
    const bool control = code >= 8;
    std::uint64_t size = byte(1) & 0x7f;
    if (control && (!final_frame || size > 125)) return protocol_error("a control frame is fragmented or too long");
    const std::size_t size_bytes = size == 126 ? 2 : size == 127 ? 8 : 0;
    if (buffer_.size() < 2 + size_bytes + 4) return std::nullopt;
    if (size_bytes > 0) {
      size = 0;
      for (std::size_t i = 0; i < size_bytes; ++i) size = size << 8 | byte(2 + i);
    }
    const std::size_t before = partial_ ? partial_->payload.size() : 0;
    if (size > max_message_ || before + size > max_message_)
      return fail(ErrorCode::too_large, "a message is over the limit of " + std::to_string(max_message_) + " bytes", "1009");
    const std::size_t start = 2 + size_bytes + 4;
    if (buffer_.size() < start + size) return std::nullopt;
    std::string payload = buffer_.substr(start, static_cast<std::size_t>(size));
    for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>(payload[i] ^ buffer_[start - 4 + i % 4]);
    buffer_.erase(0, start + static_cast<std::size_t>(size));
    auto message = take(final_frame, static_cast<SocketOpcode>(code), std::move(payload));
    if (!message || *message) return message;
  }
}

Result<std::optional<SocketMessage>> SocketReader::take(bool final_frame, SocketOpcode opcode, std::string payload) {
  if (opcode >= SocketOpcode::close) return SocketMessage{opcode, std::move(payload)};
  if (opcode == SocketOpcode::continuation) {
    if (!partial_) return protocol_error("a continuation without a start");
    partial_->payload += payload;
  } else {
    if (partial_) return protocol_error("a new message inside a fragmented one");
    partial_ = SocketMessage{opcode, std::move(payload)};
  }
  if (!final_frame) return std::nullopt;
  SocketMessage whole = std::move(*partial_);
  partial_.reset();
  if (whole.opcode == SocketOpcode::text && !is_utf8(whole.payload)) return fail(ErrorCode::invalid, "a text is not UTF-8", "1007");
  return whole;
}

std::string socket_frame(SocketOpcode opcode, std::string_view payload) {
  std::string out;
  out.reserve(payload.size() + 10);
  out.push_back(static_cast<char>(0x80 | static_cast<std::uint8_t>(opcode)));
  const std::uint64_t size = payload.size();
  const int size_bytes = size < 126 ? 0 : size <= 0xffff ? 2 : 8;
  out.push_back(static_cast<char>(size_bytes == 0 ? size : size_bytes == 2 ? 126 : 127));
  for (int i = size_bytes - 1; i >= 0; --i) out.push_back(static_cast<char>(size >> (8 * i) & 0xff));
  out.append(payload);
  return out;
}

std::string close_frame(std::uint16_t code, std::string_view reason) {
  std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
  payload.append(reason.substr(0, 123));
  return socket_frame(SocketOpcode::close, payload);
}

std::string socket_accept_key(std::string_view key) {
  Poco::SHA1Engine sha1;  // the handshake's checksum, not a security measure
  sha1.update(std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
  const auto& digest = sha1.digest();
  std::ostringstream out;
  Poco::Base64Encoder encoder(out);
  encoder.write(reinterpret_cast<const char*>(digest.data()), static_cast<std::streamsize>(digest.size()));
  encoder.close();
  return out.str();
}

}  // namespace invigil
