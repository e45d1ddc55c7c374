// invigil-agent: an exam room's cameras and exam clients into a durable log, and from there to the broker.

#include <CLI/CLI.hpp>
#include <atomic>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "broker/bus/client_config.h"
#include "broker/platform/files/durable_file.h"
#include "broker/platform/http/get.h"
#include "capture/agent.h"
#include "models/program/program.h"

namespace {

using invigil::ErrorCode;
using invigil::Result;

constexpr const char* kProgram = "invigil-agent";

invigil::Config declare() {
  invigil::Config config;
  config.declare_text("data", "agent-data", "Folder of the log, the video not yet at the server, and the keys. One agent only; mode 0700.");
  config.declare_text("centre", "", "The assessment centre this agent serves; as in its plans and its enrolment.");
  invigil::declare_broker_client(config);
  config.declare_table("cameras", "Cameras by their id in the plan: cam1 = \"rtsp://user:password@192.168.1.20/stream\", or a file.");
  config.declare_duration("camera.part_length", "500ms", "Longest part of video; what a power cut may cost. 100ms to 2s.");
  config.declare_duration("camera.stall_limit", "3s", "A camera that sends nothing for so long counts as stalled.");
  config.declare_duration("camera.first_retry", "1s", "Wait before the first reconnect; doubled up to 30 s.");
  config.declare_flag("camera.loop_files", false, "A file given as a camera starts again at its end; else it stays ended.");
  config.declare_text("cbt.address", "127.0.0.1",
                      "Where exam clients send events and the status page is. Beyond loopback (exam PCs on the network) TLS is required.");
  config.declare_integer("cbt.port", 7480, 0, 65535, "Port of the same. 0 = any free one; it is written to <data>/cbt_endpoint.");
  config.declare_list("cbt.allowed_origins", {}, "Web pages that may send events from a browser, such as \"https://exam.example.cn\".");
  config.declare_text("cbt.tls_certificate", "", "PEM file with the certificate (and its chain).");
  config.declare_text("cbt.tls_key", "", "PEM file with its private key.");
  config.declare_integer("cbt.max_connections", 128, 2, 4096, "Requests served at once; each takes a thread for as long as it runs.");
  config.declare_integer("cbt.max_websockets", 1000, 1, 20000, "Exam clients connected by WebSocket at once.");
  config.declare_size("limits.video_reserve", "512MiB", "Video is no longer kept when less is free on the disk; events are.");
  config.declare_size("limits.event_reserve", "64MiB", "Nothing is accepted any more when less is free.");
  config.declare_size("limits.log_segment", "64MiB", "Size of a log file, reserved beforehand.");
  config.declare_duration(
      "limits.keep", "26h",
      "How long data that is safe at the server stays here all the same, so that a server restored from yesterday's copy gets it "
      "again. It goes sooner when room is needed for new video.");
  config.declare_text("log.level", "information", "What goes to stderr: error, warning, notice, information or debug.");
  return config;
}

int say_no(const invigil::Error& error) { return invigil::complain(kProgram, error); }

Result<invigil::AgentOptions> options_of(const invigil::Config& config) {
  invigil::AgentOptions options;
  options.data = config.text("data");
  options.centre = config.text("centre");
  options.version = invigil::kVersion;
  if (options.centre.empty())
    return invigil::fail(ErrorCode::invalid, "the centre is not set: write centre = \"…\" as in the plan into the configuration", "centre");
  options.cameras = config.table("cameras");
  options.part_length = config.duration("camera.part_length");
  if (options.part_length < invigil::millis(100) || options.part_length > invigil::seconds(2))
    return invigil::fail(ErrorCode::invalid, "a part is between 100ms and 2s long", "camera.part_length");
  options.stall_limit = config.duration("camera.stall_limit");
  options.first_retry = config.duration("camera.first_retry");
  options.loop_files = config.flag("camera.loop_files");
  options.http.address = config.text("cbt.address");
  options.http.port = static_cast<std::uint16_t>(config.integer("cbt.port"));
  options.http.allowed_origins = config.list("cbt.allowed_origins");
  options.http.tls_certificate = config.text("cbt.tls_certificate");
  options.http.tls_key = config.text("cbt.tls_key");
  options.http.max_connections = static_cast<std::size_t>(config.integer("cbt.max_connections"));
  options.http.max_websockets = static_cast<std::size_t>(config.integer("cbt.max_websockets"));
  options.video_reserve = config.size("limits.video_reserve");
  options.event_reserve = config.size("limits.event_reserve");
  options.segment_bytes = config.size("limits.log_segment");
  options.keep_covered = config.duration("limits.keep");
  return options;
}

/// "http://127.0.0.1:7480": an address others on this machine can use.
std::string endpoint_of(const invigil::AgentOptions& options, std::uint16_t port) {
  const bool any = options.http.address == "0.0.0.0" || options.http.address == "::";
  const std::string host = any                                                   ? "127.0.0.1"
                           : options.http.address.find(':') != std::string::npos ? "[" + options.http.address + "]"
                                                                                 : options.http.address;
  return (options.http.tls_certificate.empty() ? "http://" : "https://") + host + ":" + std::to_string(port);
}

int serve(const invigil::Config& config) {
  invigil::StopSignals signals;
  std::atomic<bool> failed{false};
  auto options = options_of(config);
  if (!options) return say_no(options.error());
  auto identity = invigil::load_client_identity(config, options->data);
  if (!identity) return say_no(identity.error());
  options->principal = identity->address.principal;
  options->broker = identity->address;
  options->failed = [&](const std::string& why) {
    if (!failed.exchange(true)) std::cerr << kProgram << ": ending, so that it is started again: " << why << '\n';
    signals.request_stop();
  };
  const invigil::AgentOptions kept = *options;
  const invigil::SystemClock clock;
  auto agent = invigil::Agent::start(std::move(*options), std::move(identity->signing), clock);
  if (!agent) return say_no(agent.error());
  const std::string endpoint = endpoint_of(kept, (*agent)->http_port());
  if (auto ok = invigil::replace_file(kept.data / "cbt_endpoint", endpoint + "\n"); !ok) return say_no(ok.error());
  std::cout << "listening on " << endpoint << std::endl;
  signals.wait();
  return failed ? 1 : 0;
}

/// Asks the running agent, prints its room check in both languages; 0 = nothing bad.
int check(const invigil::Config& config) {
  std::string endpoint;
  std::ifstream(std::filesystem::path(config.text("data")) / "cbt_endpoint") >> endpoint;
  if (endpoint.empty())
    return say_no({ErrorCode::unavailable, "no agent has run on " + config.text("data") + ": start invigil-agent --config … first"});
  const auto body = invigil::http_get(endpoint + "/v1/room-check");
  if (!body) return say_no(body.error());
  const auto items = nlohmann::json::parse(*body, nullptr, false);
  if (!items.is_array()) return say_no({ErrorCode::invalid, "what answers at " + endpoint + " is no invigil-agent"});
  bool bad = false;
  for (const auto& item : items) {
    const std::string verdict = item.value("verdict", "");
    bad = bad || verdict == "bad";
    std::cout << (verdict == "good"  ? "OK    "
                  : verdict == "bad" ? "FAULT "
                                     : "NOTE  ")
              << item.value("zh", "") << "\n      " << item.value("en", "") << '\n';
  }
  return bad ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Keeps an exam room's video and test events and sends them to the broker. Without a command it serves.", kProgram);
  app.set_version_flag("--version", invigil::kVersion);
  std::string config_file, token_file;
  bool print_config = false;
  app.add_option("--config", config_file, "configuration file (TOML)");
  app.add_flag("--print-config", print_config, "print the configuration with every key explained, and exit");
  app.add_option("--enrol", token_file, "enrol with the one-time token in this file (- = standard input), and exit");
  app.require_subcommand(0, 1);
  app.fallthrough();
  app.add_subcommand("serve", "serve (what happens without a command, too)");
  auto* checking = app.add_subcommand("check", "print the running agent's room check; exit code 1 when something is wrong");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  invigil::Config config = declare();
  if (const auto done = invigil::take_configuration(kProgram, config, config_file, print_config)) return *done;
  if (!token_file.empty()) {
    auto enrolled = invigil::enrol_with_token_file(config, config.text("data"), token_file);
    if (!enrolled) return say_no(enrolled.error());
    std::cout << "enrolled as " << enrolled->id() << '\n';
    return 0;
  }
  return checking->parsed() ? check(config) : serve(config);
}
