// Arbitrary bytes as a message of an enrolled agent: never a crash, and nothing reaches a batch that breaks the rules.
#include <cstdint>
#include <string>

#include "broker/gateway/gateway_core.h"

namespace {

using namespace invigil;

/// The first byte says how the rest travels: before or after HELLO, with a second frame, by the enrolment port.
void feed(std::string_view input) {
  static const SigningKey key = SigningKey::from_seed(Hash{});
  static const std::string agent_key(32, 'k');
  if (input.empty()) return;
  const auto how = static_cast<unsigned char>(input.front());
  input.remove_prefix(1);
  PrincipalTable principals;
  Principal agent;
  agent.set_id("a1");
  agent.set_role(AGENT);
  agent.set_centre("c1");
  agent.set_curve_public_key(agent_key);
  agent.set_signing_public_key(key.public_key());
  principals.apply(PRINCIPAL_ENROLLED, agent.SerializeAsString());
  GatewayOptions options;
  options.broker = "b1";
  GatewayPorts ports;
  ports.stored_hash = [](std::string_view, std::uint64_t) { return std::optional<Hash>(); };
  ports.has_object = [](const Hash&) { return true; };
  GatewayCore core(options, ports, principals, key, std::string(16, 'b'), {});
  GatewayOutputs out;
  const Now now{{1'700'000'000'000'000}, 1};
  if ((how & 1) != 0) {
    ToBroker hello;
    hello.mutable_hello()->set_schema_version(kWireVersion);
    hello.mutable_hello()->set_principal("a1");
    const std::string frame = encode(hello);
    core.step(PeerMessage{1, agent_key, frame}, now, out);
  }
  const std::string_view frame = input.substr(0, input.size() / ((how & 2) != 0 ? 2 : 1));
  core.step(PeerMessage{1, agent_key, frame, input.substr(frame.size()), (how & 4) != 0}, now, out);
  core.step(Drained{}, now, out);
  for (const Outgoing& o : out.sends)
    if (!decode_from_broker(o.frame)) abort_with("the gateway sent what no client can read");
  if (!out.batch) return;
  for (const Appendable& record : out.batch->records)
    if (record.stream.find("/c1/") == std::string_view::npos && !record.stream.starts_with("broker/"))
      abort_with("a record outside the agent's centre came through");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  feed({reinterpret_cast<const char*>(data), size});
  return 0;
}
