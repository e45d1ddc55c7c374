// Enrolment from the client's side: one question on the enrolment port, one answer.

#include <fmt/format.h>

#include <array>

#include "broker/bus/broker_client.h"
#include "broker/bus/socket.h"
#include "broker/bus/wire.h"

namespace invigil {

Result<Principal> enrol(const EnrolmentRequest& request, std::chrono::milliseconds timeout) {
  if (request.signing_public_key.size() != 32) return fail(ErrorCode::invalid, "a signing key must have 32 bytes");
  BusContext context(16);
  auto socket = DealerSocket::connect(
      context, {request.endpoint, request.server_public_key, {request.curve_public_key, request.curve_secret_key}, kMaxMessageBytes, 100});
  if (!socket) return tl::make_unexpected(socket.error());
  ToBroker question;
  Enrol& enrol = *question.mutable_enrol();
  enrol.set_schema_version(kWireVersion);
  enrol.set_token(request.token);
  enrol.set_curve_public_key(request.curve_public_key);
  enrol.set_signing_public_key(request.signing_public_key);
  (*socket)->send(encode(question));
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  const std::array<void*, 1> sockets{(*socket)->handle()};
  while (std::chrono::steady_clock::now() < deadline) {
    wait_for_any(sockets, nullptr, 50);
    Frame frame;
    std::optional<Frame> body;
    if (!(*socket)->receive(frame, body)) {
      const std::string& why = (*socket)->trouble();
      if (!why.empty() && !why.starts_with("nothing answers")) return fail(ErrorCode::denied, why);
      continue;
    }
    auto answer = decode_from_broker(frame.view());
    if (!answer) return tl::make_unexpected(answer.error());
    if (answer->has_refused()) return tl::make_unexpected(error_from(answer->refused().failure()));
    if (answer->has_enrolled()) return answer->enrolled().principal();
  }
  const std::string& why = (*socket)->trouble();
  return fail(ErrorCode::unavailable, why.empty() ? fmt::format("the broker at {} did not answer", request.endpoint) : why);
}

}  // namespace invigil
