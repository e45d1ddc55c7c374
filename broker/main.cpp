// invigil-broker: serves the log, and the administrator's commands to a serving one.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <iostream>

#include "broker/serve/broker_server.h"
#include "models/program/program.h"

namespace {

using namespace std::string_literals;
using invigil::ErrorCode;
using invigil::Result;

constexpr const char* kProgram = "invigil-broker";

invigil::Config declare() {
  invigil::Config config;
  config.declare_text("data", "broker-data", "Folder of the log, the objects, the tree and the keys. One broker only; mode 0700.");
  config.declare_text("name", "broker", "The broker's id. Its log keeps it for ever.");
  config.declare_text("listen.address", "127.0.0.1",
                      "Address to listen on; 0.0.0.0 = all. Every connection is encrypted and needs an enrolled key.");
  config.declare_integer("listen.port", 7411, 0, 65533,
                         "Port of records; objects use the next one, enrolment the one after. 0 = any three free neighbours.");
  config.declare_duration("checkpoint.every", "60s", "How often a checkpoint is signed; one more at each session's close.");
  config.declare_size("log.segment", "64MiB", "Size of a log file, reserved beforehand.");
  config.declare_size("log.reserve", "256MiB", "A new log file is refused when less than this would stay free on the disk.");
  config.declare_text("log.level", "information", "What goes to stderr: error, warning, notice, information or debug.");
  return config;
}

int say_no(const invigil::Error& error) { return invigil::complain(kProgram, error); }

int serve(const invigil::Config& config) {
  invigil::StopSignals signals;
  std::atomic<bool> failed{false};
  invigil::BrokerServerOptions options;
  options.data = config.text("data");
  options.name = config.text("name");
  options.address = config.text("listen.address");
  options.port = static_cast<std::uint16_t>(config.integer("listen.port"));
  options.checkpoint_every = config.duration("checkpoint.every");
  options.segment_bytes = config.size("log.segment");
  options.reserve_bytes = config.size("log.reserve");
  options.version = invigil::kVersion;
  options.failed = [&](const std::string& why) {
    if (!failed.exchange(true)) std::cerr << fmt::format("{}: ending, so that it is started again: {}\n", kProgram, why);
    signals.request_stop();
  };
  const invigil::SystemClock clock;
  auto broker = invigil::BrokerServer::start(options, clock);
  if (!broker) return say_no(broker.error());
  std::cout << "listening on " << (*broker)->endpoint() << std::endl;
  signals.wait();
  return failed ? 1 : 0;
}

Result<invigil::Role> parse_role(const std::string& word) {
  if (word == "agent") return invigil::AGENT;
  if (word == "analysis") return invigil::ANALYSIS;
  if (word == "console") return invigil::CONSOLE;
  if (word == "witness") return invigil::WITNESS;
  return invigil::fail(ErrorCode::invalid, fmt::format("--role {}: use agent, analysis, console or witness", word));
}

int print_status(const invigil::AdminAnswer& answer) {
  std::cout << fmt::format("broker {} on {}\nrecords {}\nnewest checkpoint covers {}\nrunning since {}\n", answer.broker(),
                           answer.endpoint(), answer.records(), answer.checkpoint_size(), invigil::to_iso8601({answer.started_us()}));
  for (const invigil::AdminPeer& peer : answer.peers())
    std::cout << fmt::format("{:<24} {:<9} {:<16} {}\n", peer.principal(), invigil::Role_Name(peer.role()),
                             peer.centre().empty() ? "-" : peer.centre(),
                             peer.revoked() ? "REVOKED"s : invigil::PeerPresence::State_Name(peer.state()));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Keeps and moves the records of exam sessions: agents, analysis and consoles connect to it. Without a command it serves.",
               kProgram);
  app.set_version_flag("--version", invigil::kVersion);
  std::string config_file;
  bool print_config = false;
  app.add_option("--config", config_file, "configuration file (TOML)");
  app.add_flag("--print-config", print_config, "print the configuration with every key explained, and exit");
  app.require_subcommand(0, 1);
  app.fallthrough();
  app.add_subcommand("serve", "serve (what happens without a command, too)");
  auto* public_key = app.add_subcommand("public-key", "print the key that clients pin as broker.public_key");
  bool signing_key = false;
  public_key->add_flag("--signing", signing_key,
                       "print the key that checks the broker's signatures instead, for invigil-verify --public-key");
  auto* token = app.add_subcommand("token", "issue a one-time enrolment token; its last line of output is the token");
  std::string role, principal, centre, valid = "15min", reason;
  token->add_option("--role", role, "agent, analysis, console or witness")->required();
  token->add_option("--principal", principal, "the id it enrols")->required();
  token->add_option("--centre", centre, "the centre it is for; agents need one");
  token->add_option("--valid", valid, "how long the token can be used, at most 24h")->capture_default_str();
  auto* revoke = app.add_subcommand("revoke", "refuse a principal from now on, on live connections too");
  revoke->add_option("principal", principal, "whom")->required();
  revoke->add_option("--reason", reason, "why; recorded")->required();
  auto* status = app.add_subcommand("status", "print what the running broker has and who is connected");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }

  invigil::Config config = declare();
  if (const auto done = invigil::take_configuration(kProgram, config, config_file, print_config)) return *done;
  const std::string data = config.text("data");

  if (public_key->parsed()) {
    auto key = signing_key ? invigil::broker_signing_public_key(data) : invigil::broker_public_key(data);
    if (!key) return say_no(key.error());
    std::cout << invigil::to_hex(*key) << '\n';
    return 0;
  }
  invigil::AdminRequest request;
  request.set_by(invigil::local_user());
  if (token->parsed()) {
    auto parsed = parse_role(role);
    if (!parsed) return say_no(parsed.error());
    auto life = invigil::parse_duration(valid);
    if (!life) return say_no(life.error());
    request.mutable_token()->set_role(*parsed);
    request.mutable_token()->set_principal(principal);
    request.mutable_token()->set_centre(centre);
    request.mutable_token()->set_valid_us(life->us);
  } else if (revoke->parsed()) {
    request.mutable_revoke()->set_principal(principal);
    request.mutable_revoke()->set_reason(reason);
  } else if (status->parsed()) {
    request.mutable_status();
  } else {
    return serve(config);
  }
  auto answer = invigil::ask_admin(data, request);
  if (!answer) return say_no(answer.error());
  if (status->parsed()) return print_status(*answer);
  if (token->parsed()) {
    std::cerr << fmt::format("valid until {}, for one enrolment of {}\n", invigil::to_iso8601({answer->expires_us()}), principal);
    std::cout << answer->token() << '\n';
  } else {
    std::cout << fmt::format("{} is revoked\n", principal);
  }
  return 0;
}
