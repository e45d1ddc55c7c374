// invigil-analysis: perceives and detects over a broker's log; replays it; watches a file; lists the catalogue.

#include <Poco/Logger.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <iostream>
#include <thread>

#include "analysis/forensics/tool/tool.h"
#include "analysis/pipeline/live_analysis.h"
#include "analysis/pipeline/replay.h"
#include "analysis/watch.h"
#include "broker/bus/client_config.h"
#include "models/config/config.h"
#include "models/logging/json_lines.h"

namespace invigil {
namespace {

constexpr const char* kVersion = "invigil-analysis 0.1.0";

Config declare() {
  Config config;
  config.declare_text("data", "data/analysis", "Folder of this program's keys.");
  declare_broker_client(config);
  config.declare_text("log.level", "information", "fatal, error, warning, information or debug; JSON lines on standard error.");
  config.declare_text(
      "nets.folder", "",
      "Folder of the nets; empty: INVIGIL_NETS, then the installed folder. Without nets the percepts that need them are off.");
  config.declare_table("percepts", "Cameras to look at without nets: camera = \"plain\".");
  config.declare_real("samples_per_second", 5, 1, 15, "Pictures looked at each second of video and camera.");
  config.declare_integer("workers", 2, 1, 64, "Parts of video worked on at once; each takes one core.");
  config.declare_duration("bound", "10s",
                          "A stream this far behind the others is no longer waited for: what depends on it is unknown until it comes.");
  config.declare_duration("bundle_gap", "60s", "Claims of one kind about one seat closer than this are one incident.");
  return config;
}

int complain(const Error& error, int code) {
  std::cerr << error.message << (error.where.empty() ? "" : " (" + error.where + ")") << "\n";
  return code;
}

/// Turns SIGINT and SIGTERM into a stop request: they are blocked everywhere and taken by one thread.
class Signals {
 public:
  Signals() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGINT);
    sigaddset(&set_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    thread_ = std::jthread([this](const std::stop_token& ended) {
      const timespec patience{0, 200'000'000};
      while (!ended.stop_requested())
        if (sigtimedwait(&set_, nullptr, &patience) > 0) source_.request_stop();
    });
  }
  std::stop_token token() const { return source_.get_token(); }

 private:
  sigset_t set_{};
  std::stop_source source_;
  std::jthread thread_;
};

int serve(const Config& config) {
  const Signals signals;
  if (auto logging = log_json_lines("invigil-analysis", config.text("log.level")); !logging) return complain(logging.error(), 2);
  LiveOptions options;
  for (const auto& [camera, how] : config.table("percepts")) {
    if (how != "plain")
      return complain(
          {ErrorCode::invalid, fmt::format("percepts.{}: \"{}\" is not known; the only word is \"plain\" (without nets)", camera, how)}, 2);
    options.plain_cameras.insert(camera);
  }
  if (const std::string folder = config.text("nets.folder"); !folder.empty()) options.nets = folder;
  options.samples_per_second = config.real("samples_per_second");
  options.workers = static_cast<int>(config.integer("workers"));
  options.room.bound = config.duration("bound");
  options.room.bundle_gap = config.duration("bundle_gap");

  auto identity = load_client_identity(config, config.text("data"));
  if (!identity) return complain(identity.error(), 2);
  auto client = BrokerClient::connect(identity->address);
  if (!client) return complain(client.error(), 1);
  const SystemClock clock;
  for (bool stopped = false; !stopped;) {
    LiveAnalysis analysis(**client, identity->signing, clock, options);
    stopped = analysis.run(signals.token(), [] { std::cout << "invigil-analysis ready" << std::endl; });
  }
  return 0;
}

}  // namespace
}  // namespace invigil

int main(int argc, char** argv) {
  using namespace invigil;
  CLI::App app{"Perceives and detects over a broker's log. Without a subcommand: serves until stopped."};
  std::string config_file, token_file, nets;
  bool print_config = false, version = false;
  app.add_option("--config", config_file, "TOML file; --print-config shows every key");
  app.add_option("--enrol", token_file, "Read a one-time token from this file (- = standard input), enrol, exit");
  app.add_option("--nets", nets, "Folder of the nets");
  app.add_flag("--print-config", print_config, "Print the configuration with comments, exit");
  app.add_flag("--version", version, "Print the version, exit");

  auto* replay_command = app.add_subcommand("replay", "Drop what was derived in a log and make it anew, offline");
  std::string log;
  std::vector<std::string> assignments;
  bool json = false;
  replay_command->add_option("LOG", log, "A broker's data folder, or its log folder")->required();
  replay_command->add_option("--set", assignments, "detector.parameter=value; may be repeated")->take_all();
  replay_command->add_flag("--json", json, "One JSON object");

  auto* list_command = app.add_subcommand("list", "Print the catalogue of detectors");
  list_command->add_flag("--json", json, "JSON");

  auto* watch_command = app.add_subcommand("watch", "The same pipeline over any video file or URL");
  WatchOptions watch;
  std::string seats;
  std::vector<std::string> watch_assignments;
  watch_command->add_option("--video", watch.video, "File or URL")->required();
  watch_command->add_option("--seats", seats, "JSON file of seats; without it they are proposed from the picture");
  watch_command->add_option("--nets", nets, "Folder of the nets");
  watch_command->add_option("--set", watch_assignments, "detector.parameter=value; may be repeated")->take_all();
  watch_command->add_flag("--jsonl", watch.jsonl, "One JSON object a line");

  auto* forensics_command = app.add_subcommand("forensics", "Who copied, who knew, who rushed: an exam's answers from CSV files");
  ForensicsOptions forensics;
  forensics_command->add_option("--responses", forensics.files.responses, "candidate,<item>…; option labels, empty = no answer")
      ->required();
  forensics_command->add_option("--key", forensics.files.key, "item,key")->required();
  forensics_command->add_option("--times", forensics.files.times, "candidate,<item>…; seconds");
  forensics_command->add_option("--changes", forensics.files.changes, "candidate,item,at_s,from,to");
  forensics_command->add_option("--seats", forensics.files.seats, "candidate,institution,center,room,row,column");
  forensics_command->add_option("--items", forensics.files.bank, "item,b: difficulties from a bank, logits");
  forensics_command->add_option("--known-items", forensics.known_items, "Item ids, one a line, known to have leaked");
  forensics_command->add_option("--json", forensics.json, "Write the findings here (- = standard output)");
  forensics_command->add_option("--report", forensics.report, "Write the HTML report here");
  std::string forensics_language = "zh";
  forensics_command->add_option("--lang", forensics_language, "zh or en: of messages and of the report when it opens")
      ->check(CLI::IsMember({"zh", "en"}))
      ->capture_default_str();
  app.require_subcommand(0, 1);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  if (version) {
    std::cout << kVersion << "\n";
    return 0;
  }
  if (*list_command) {
    print_catalogue(json, std::cout);
    return 0;
  }
  if (*forensics_command) {
    forensics.language = forensics_language == "en" ? Language::english : Language::chinese;
    return run_forensics(forensics);
  }
  if (*replay_command) return run_replay(log, assignments, json, std::cout, std::cerr);
  if (*watch_command) {
    if (!seats.empty()) watch.seats = seats;
    if (!nets.empty()) watch.nets = nets;
    ParameterSet checked = default_parameter_set();
    for (const std::string& assignment : watch_assignments) {
      if (auto set = set_parameter(checked, assignment); !set) return complain(set.error(), 2);
      const std::string name = assignment.substr(0, assignment.find('='));
      const std::size_t dot = name.find('.');
      watch.set[name] = checked.at(name.substr(0, dot)).at(name.substr(dot + 1));
    }
    return run_watch(watch);
  }

  Config config = declare();
  if (!config_file.empty())
    if (auto loaded = config.load(config_file); !loaded) return complain(loaded.error(), 2);
  if (!nets.empty())
    if (auto set = config.set("nets.folder", nets); !set) return complain(set.error(), 2);
  if (print_config) {
    std::cout << config.print();
    return 0;
  }
  if (!token_file.empty()) {
    const auto principal = enrol_with_token_file(config, config.text("data"), token_file);
    if (!principal) return complain(principal.error(), 1);
    std::cout << "enrolled as " << principal->id() << "\n";
    return 0;
  }
  return serve(config);
}
