#include "broker/bus/client_config.h"

#include <fmt/format.h>

#include <charconv>
#include <fstream>
#include <iostream>

#include "broker/platform/files/durable_file.h"
#include "models/id.h"

namespace invigil {
namespace {

constexpr const char* kSigningKeyFile = "signing.key";
constexpr const char* kCurveKeyFile = "curve.key";
constexpr std::size_t kLongestToken = 200;

std::string first_line(std::istream& in) {
  std::string line;
  std::getline(in, line);
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\n')) line.pop_back();
  return line;
}

}  // namespace

void declare_broker_client(Config& config) {
  config.declare_text("broker.endpoint", "tcp://127.0.0.1:7411",
                      "Where the broker serves records; objects and enrolment are on the two ports after it.");
  config.declare_text("broker.public_key", "",
                      "The broker's public key, 64 hex digits, as `invigil-broker public-key` prints it. It is pinned: nobody else can "
                      "pose as the broker.");
  config.declare_text("broker.enrolment", "", "Where the broker enrols; empty = two ports after broker.endpoint.");
  config.declare_text("principal", "", "This program's name at the broker; empty = as enrolled with --enrol.");
}

Result<std::string> parse_public_key(std::string_view hex, std::string_view key_name) {
  auto bytes = from_hex(hex);
  if (!bytes || bytes->size() != 32)
    return fail(ErrorCode::invalid, fmt::format("{} must be 64 hex digits: copy what `invigil-broker public-key` prints", key_name),
                std::string(key_name));
  return bytes;
}

Result<std::string> neighbour_endpoint(std::string_view endpoint, int steps) {
  const auto bad = [&] {
    return fail(ErrorCode::invalid, fmt::format("\"{}\" is no endpoint: write it as tcp://host:port", endpoint), "broker.endpoint");
  };
  const auto colon = endpoint.rfind(':');
  if (!endpoint.starts_with("tcp://") || colon == std::string_view::npos || colon < 7) return bad();
  int port = 0;
  const char* end = endpoint.data() + endpoint.size();
  const auto [last, error] = std::from_chars(endpoint.data() + colon + 1, end, port);
  if (error != std::errc{} || last != end || port < 1 || port + steps > 65535) return bad();
  return fmt::format("{}:{}", endpoint.substr(0, colon), port + steps);
}

Result<ClientIdentity> load_client_identity(const Config& config, const std::filesystem::path& data) {
  const std::string hex = config.text("broker.public_key");
  if (hex.empty())
    return fail(ErrorCode::invalid, "broker.public_key is not set: copy what `invigil-broker public-key` prints into the configuration",
                "broker.public_key");
  auto server = parse_public_key(hex, "broker.public_key");
  if (!server) return tl::make_unexpected(server.error());
  if (auto endpoint = neighbour_endpoint(config.text("broker.endpoint"), 2); !endpoint) return tl::make_unexpected(endpoint.error());
  if (auto made = make_private_folder(data / "keys"); !made) return tl::make_unexpected(made.error());
  std::string principal = config.text("principal");
  if (principal.empty()) {
    std::ifstream file(data / "principal");
    principal = first_line(file);
    if (principal.empty())
      return fail(ErrorCode::unauthenticated,
                  "this program is not enrolled: get a one-time token (invigil-broker token …) and run it once with --enrol FILE",
                  "principal");
  }
  if (auto ok = check_id(principal, "principal"); !ok) return tl::make_unexpected(ok.error());
  // Enrolling makes the keys, and nothing else does: a program that lost them must not go on as a stranger.
  auto curve = load_curve_keys(data / "keys" / kCurveKeyFile);
  if (!curve) return tl::make_unexpected(curve.error());
  auto signing = SigningKey::load(data / "keys" / kSigningKeyFile);
  if (!signing) return tl::make_unexpected(signing.error());
  return ClientIdentity{{config.text("broker.endpoint"), *server, principal, std::move(*curve)}, std::move(*signing)};
}

Result<Principal> enrol_with_token_file(const Config& config, const std::filesystem::path& data, const std::string& token_file) {
  std::string token;
  if (token_file == "-") {
    token = first_line(std::cin);
  } else {
    std::ifstream file(token_file);
    if (!file) return fail(ErrorCode::not_found, fmt::format("can't read the token file {}", token_file));
    token = first_line(file);
  }
  if (token.empty() || token.size() > kLongestToken)
    return fail(ErrorCode::invalid, fmt::format("{} holds no one-time token", token_file == "-" ? "standard input" : token_file));
  auto server = parse_public_key(config.text("broker.public_key"), "broker.public_key");
  if (!server) return tl::make_unexpected(server.error());
  std::string endpoint = config.text("broker.enrolment");
  if (endpoint.empty()) {
    auto next = neighbour_endpoint(config.text("broker.endpoint"), 2);
    if (!next) return tl::make_unexpected(next.error());
    endpoint = *next;
  }
  if (auto made = make_private_folder(data / "keys"); !made) return tl::make_unexpected(made.error());
  auto curve = load_or_create_curve_keys(data / "keys" / kCurveKeyFile);
  if (!curve) return tl::make_unexpected(curve.error());
  auto signing = SigningKey::load_or_create(data / "keys" / kSigningKeyFile);
  if (!signing) return tl::make_unexpected(signing.error());
  auto principal = enrol({endpoint, *server, token, curve->public_key, curve->secret_key, signing->public_key()});
  if (!principal) return principal;
  const std::string wanted = config.text("principal");
  if (!wanted.empty() && wanted != principal->id())
    return fail(ErrorCode::conflict,
                fmt::format("the token was for {}, the configuration says principal = \"{}\": make them agree", principal->id(), wanted),
                "principal");
  // The token is used up: what it gave must outlive a power cut.
  if (auto written = replace_file(data / "principal", principal->id() + "\n"); !written)
    return fail(written.error().code,
                fmt::format("enrolled as {}, but {}: set principal = \"{}\" in the configuration", principal->id(), written.error().message,
                            principal->id()),
                "principal");
  return principal;
}

}  // namespace invigil
