#include "broker/bus/wire.h"

#include <fmt/format.h>

#include <array>

namespace invigil {
namespace {

template <class Message>
std::string encode_any(const Message& message) {
  std::string out;
  out.reserve(message.ByteSizeLong() + 1);
  out.push_back(kMessageFrame);
  message.AppendToString(&out);
  return out;
}

template <class Message>
Result<Message> decode_any(std::string_view frame) {
  if (frame.empty() || frame.front() != kMessageFrame)
    return fail(ErrorCode::invalid, "a message begins with neither 'D' nor 'M': its sender speaks something else");
  if (frame.size() > kMaxMessageBytes)
    return fail(ErrorCode::too_large, fmt::format("a message of {} bytes is over the limit of {}", frame.size(), kMaxMessageBytes));
  Message message;
  if (!message.ParseFromArray(frame.data() + 1, static_cast<int>(frame.size() - 1)) || message.body_case() == Message::BODY_NOT_SET)
    return fail(ErrorCode::unsupported, "a message this build does not know: it speaks wire versions " +
                                            std::to_string(kOldestWireVersion) + " to " + std::to_string(kWireVersion));
  return message;
}

constexpr std::array kCodes{ErrorCode::invalid,         ErrorCode::not_found, ErrorCode::conflict,    ErrorCode::denied,
                            ErrorCode::unauthenticated, ErrorCode::too_large, ErrorCode::unsupported, ErrorCode::unavailable,
                            ErrorCode::exhausted,       ErrorCode::corrupt,   ErrorCode::internal};

}  // namespace

std::string encode(const ToBroker& message) { return encode_any(message); }
std::string encode(const FromBroker& message) { return encode_any(message); }
Result<ToBroker> decode_to_broker(std::string_view frame) { return decode_any<ToBroker>(frame); }
Result<FromBroker> decode_from_broker(std::string_view frame) { return decode_any<FromBroker>(frame); }

Error other_wire(std::string_view principal, std::uint32_t version) {
  return {ErrorCode::unsupported, fmt::format("{} speaks wire version {}, this broker speaks {} to {}: install matching versions",
                                              principal, version, kOldestWireVersion, kWireVersion)};
}

void set_failure(Failure& out, const Error& error) {
  out.set_code(name_of(error.code));
  out.set_text(error.message.substr(0, 2000));
  out.set_where(error.where.substr(0, 400));
}

Error error_from(const Failure& failure) {
  for (const ErrorCode code : kCodes)
    if (failure.code() == name_of(code)) return {code, failure.text(), failure.where()};
  return {ErrorCode::internal, failure.text(), failure.where()};
}

}  // namespace invigil
