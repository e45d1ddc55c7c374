#pragma once
// How a program that speaks to a broker is configured and enrolled: the same keys, files and words everywhere.

#include <filesystem>
#include <string>

#include "broker/bus/broker_client.h"
#include "broker/platform/crypto/crypto.h"
#include "models/config/config.h"
#include "models/registry.pb.h"
#include "models/result.h"

namespace invigil {

/// Declares broker.endpoint ("tcp://127.0.0.1:7411"), broker.public_key (64 hex digits), broker.enrolment ("" = the port
/// after the next of broker.endpoint) and principal ("" = as enrolled).
void declare_broker_client(Config& config);

/// Who this program is: its keys from `<data>/keys` (made at first use, 0600) and where its broker is.
struct ClientIdentity {
  BrokerAddress address;
  SigningKey signing;
};

/// Reads the configuration and the keys. Errors name the key and say how to enrol.
Result<ClientIdentity> load_client_identity(const Config& config, const std::filesystem::path& data);

/// `--enrol FILE`: reads a one-time token ("-" = standard input), enrols the keys of `<data>/keys`, and keeps the principal's
/// id in `<data>/principal`. `denied` when the token is unknown, used or too old.
Result<Principal> enrol_with_token_file(const Config& config, const std::filesystem::path& data, const std::string& token_file);

/// A 64-digit hex key, as `invigil-broker public-key` prints it, to 32 bytes.
Result<std::string> parse_public_key(std::string_view hex, std::string_view key_name);

/// The endpoint `steps` ports further: a broker serves its records on P, objects and last values on P+1, enrolment on P+2.
Result<std::string> neighbour_endpoint(std::string_view endpoint, int steps);

}  // namespace invigil
