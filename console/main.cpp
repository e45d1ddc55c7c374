// invigil-console: serves the API and the pages; imports plans, opens and closes sessions, manages users.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "broker/platform/files/durable_file.h"
#include "console/auth/user_records.h"
#include "console/console_server.h"
#include "console/registry/registry.h"
#include "models/program/program.h"

namespace {

using namespace invigil;

constexpr const char* kProgram = "invigil-console";

Config declare() {
  Config config;
  config.declare_text("data", "console-data", "Folder of the index, the accounts, the keys and cut videos. One console only; mode 0700.");
  config.declare_text("http.address", "127.0.0.1",
                      "Address to listen on; beyond loopback http.tls_certificate and http.tls_key are needed.");
  config.declare_integer("http.port", 8443, 0, 65535, "Port of API, pages and WebSocket; 0 = any free one.");
  config.declare_text("http.tls_certificate", "", "PEM file with the certificate chain.");
  config.declare_text("http.tls_key", "", "PEM file with its private key.");
  config.declare_integer("http.max_connections", 64, 4, 1000, "Requests served at once.");
  config.declare_integer("http.max_websockets", 200, 1, 10000, "Pages that are pushed to at once.");
  config.declare_text("web.folder", "", "Folder of the built pages; empty = web beside the program, or ../share/invigil/web.");
  config.declare_duration("login.valid", "12h", "How long a log-in lasts.");
  config.declare_size("video.cache", "2GiB", "Room for cut videos; the longest unused go first.");
  config.declare_text("log.level", "information", "What goes to stderr: error, warning, notice, information or debug.");
  declare_broker_client(config);
  return config;
}

int say_no(const Error& error) { return complain(kProgram, error); }

Result<std::filesystem::path> data_folder(const Config& config) {
  const std::filesystem::path data = config.text("data");
  if (auto made = make_private_folder(data); !made) return tl::make_unexpected(made.error());
  return data;
}

/// What the commands that write records need; `journal` lives on the others.
struct Writing {
  ClientIdentity identity;
  std::unique_ptr<BrokerClient> broker;
  std::unique_ptr<Journal> journal;
};

Result<std::unique_ptr<Writing>> open_writing(const Config& config, const Clock& clock) {
  const auto data = data_folder(config);
  if (!data) return tl::make_unexpected(data.error());
  auto identity = load_client_identity(config, *data);
  if (!identity) return tl::make_unexpected(identity.error());
  auto out = std::make_unique<Writing>(Writing{std::move(*identity), nullptr, nullptr});
  auto broker = BrokerClient::connect(out->identity.address);
  if (!broker) return tl::make_unexpected(broker.error());
  out->broker = std::move(*broker);
  auto kept = KeptRecords::open(*data / "journal.db");
  if (!kept) return tl::make_unexpected(kept.error());
  out->journal = std::make_unique<Journal>(*out->broker, out->identity.signing, out->identity.address.principal, clock, std::move(*kept));
  return out;
}

int serve(const Config& config) {
  const StopSignals signals;
  const SystemClock clock;
  const auto data = data_folder(config);
  if (!data) return say_no(data.error());
  auto web = find_web_folder(config.text("web.folder"));
  if (!web) return say_no(web.error());
  auto identity = load_client_identity(config, *data);
  if (!identity) return say_no(identity.error());
  ConsoleOptions options;
  options.data = *data;
  options.web_folder = *web;
  options.http.address = config.text("http.address");
  options.http.port = static_cast<std::uint16_t>(config.integer("http.port"));
  options.http.tls_certificate = config.text("http.tls_certificate");
  options.http.tls_key = config.text("http.tls_key");
  options.http.max_connections = static_cast<std::size_t>(config.integer("http.max_connections"));
  options.http.max_websockets = static_cast<std::size_t>(config.integer("http.max_websockets"));
  options.logins.valid = config.duration("login.valid");
  options.video_cache_bytes = config.size("video.cache");
  options.version = kVersion;
  options.first_password = [](const std::string& user, const std::string& password) {
    std::cout << "first account: user " << user << " password " << password
              << "\n(printed once; another one: invigil-console user password " << user
              << "; accounts of your own: invigil-console user add)" << std::endl;
  };
  const bool tls = !options.http.tls_certificate.empty();
  const std::string address = options.http.address;
  auto console = ConsoleServer::start(std::move(options), std::move(*identity), clock);
  if (!console) return say_no(console.error());
  std::cout << fmt::format("listening on {}://{}:{}", tls ? "https" : "http", address, (*console)->port()) << std::endl;
  signals.wait();
  return 0;
}

int import(const Config& config, const std::string& file) {
  const SystemClock clock;
  auto writing = open_writing(config, clock);
  if (!writing) return say_no(writing.error());
  const auto outcome = import_plan(*(*writing)->broker, *(*writing)->journal, clock, file, local_user());
  if (!outcome) return say_no(outcome.error());
  std::cout << (outcome->unchanged ? "unchanged: the log says exactly this already"
                                   : fmt::format("imported {} sessions", outcome->sessions))
            << '\n';
  if (!outcome->tokens_file.empty())
    std::cout << fmt::format("seat tokens ({} new) are in {}: hand them to the exam clients, then keep or remove that file safely\n",
                             outcome->tokens_made, outcome->tokens_file.string());
  return 0;
}

int change(const Config& config, const std::string& session, bool open, const std::string& reason) {
  const SystemClock clock;
  auto writing = open_writing(config, clock);
  if (!writing) return say_no(writing.error());
  const auto now = session_in_log(*(*writing)->broker, session);
  if (!now) return say_no(now.error());
  if (now->open == open) {
    std::cout << fmt::format("session {} is {} already\n", session, open ? "open" : "closed or not yet open");
    return 0;
  }
  const auto written = change_session(*(*writing)->journal, clock, now->centre, session, open, local_user(), reason);
  if (!written) return say_no(written.error());
  std::cout << fmt::format("session {} {}\n", session, open ? "opened" : "closed");
  return 0;
}

Result<std::unique_ptr<Accounts>> open_accounts(const Config& config, const Clock& clock) {
  const auto data = data_folder(config);
  if (!data) return tl::make_unexpected(data.error());
  return Accounts::open(*data / "accounts.db", clock);
}

/// Tells the log now if the broker can be reached; else the serving console does it later.
void record_now(const Config& config, Accounts& accounts, const Clock& clock) {
  auto writing = open_writing(config, clock);
  const auto told = writing ? record_user_changes(accounts, *(*writing)->journal,
                                                  std::filesystem::path(config.text("data")) / "accounts.lock", std::chrono::seconds(5))
                            : Result<>(tl::make_unexpected(writing.error()));
  if (!told)
    std::cerr << "invigil-console: the log does not know yet (" << told.error().message
              << "); the console records it when it next reaches the broker\n";
}

/// From the first line of standard input, or a random one, which the caller prints.
Result<std::string> new_password(bool from_stdin) {
  if (!from_stdin) return random_password();
  std::string password;
  if (!std::getline(std::cin, password)) return fail(ErrorCode::invalid, "--password-stdin: standard input has no line");
  if (!password.empty() && password.back() == '\r') password.pop_back();
  return password;
}

int add_user(const Config& config, Account account, const std::string& role, bool password_from_stdin) {
  const SystemClock clock;
  const auto parsed = role_named(role);
  if (!parsed) return say_no({ErrorCode::invalid, fmt::format("--role {}: use administrator, inspector, regulator or centre", role)});
  account.person.role = *parsed;
  if (account.person.display_name.empty()) account.person.display_name = account.person.user;
  const auto password = new_password(password_from_stdin);
  if (!password) return say_no(password.error());
  auto accounts = open_accounts(config, clock);
  if (!accounts) return say_no(accounts.error());
  if (auto added = (*accounts)->add(account, *password, local_user()); !added) return say_no(added.error());
  std::cout << fmt::format("user {} added as {}\n", account.person.user, role);
  if (!password_from_stdin) std::cout << "password " << *password << " (printed once)\n";
  std::cout << std::flush;
  record_now(config, **accounts, clock);
  return 0;
}

int change_password(const Config& config, const std::string& user, bool password_from_stdin) {
  const SystemClock clock;
  const auto password = new_password(password_from_stdin);
  if (!password) return say_no(password.error());
  auto accounts = open_accounts(config, clock);
  if (!accounts) return say_no(accounts.error());
  if (auto changed = (*accounts)->set_password(user, *password, local_user()); !changed) return say_no(changed.error());
  std::cout << fmt::format("user {} has another password; open log-ins have ended\n", user);
  if (!password_from_stdin) std::cout << "password " << *password << " (printed once)\n";
  std::cout << std::flush;
  record_now(config, **accounts, clock);
  return 0;
}

int disable_user(const Config& config, const std::string& user) {
  const SystemClock clock;
  auto accounts = open_accounts(config, clock);
  if (!accounts) return say_no(accounts.error());
  if (auto disabled = (*accounts)->disable(user, local_user()); !disabled) return say_no(disabled.error());
  std::cout << fmt::format("user {} disabled\n", user) << std::flush;
  record_now(config, **accounts, clock);
  return 0;
}

int list_users(const Config& config) {
  const SystemClock clock;
  auto accounts = open_accounts(config, clock);
  if (!accounts) return say_no(accounts.error());
  const auto list = (*accounts)->list();
  if (!list) return say_no(list.error());
  for (const Account& account : *list)
    std::cout << fmt::format("{:<20} {:<14} {:<10} {} {}\n", account.person.user, name_of(account.person.role),
                             account.disabled ? "disabled" : "active", account.person.display_name, fmt::join(account.person.scope, ","));
  return 0;
}

int rebuild(const Config& config) {
  const auto data = data_folder(config);
  if (!data) return say_no(data.error());
  auto identity = load_client_identity(config, *data);
  if (!identity) return say_no(identity.error());
  const auto reached = rebuild_index(*data, std::move(*identity), std::chrono::seconds(30));
  if (!reached) return say_no(reached.error());
  std::cout << fmt::format("index rebuilt up to position {}\n", *reached);
  return 0;
}

int enrol_here(const Config& config, const std::string& token_file) {
  const auto data = data_folder(config);
  if (!data) return say_no(data.error());
  const auto principal = enrol_with_token_file(config, *data, token_file);
  if (!principal) return say_no(principal.error());
  std::cout << fmt::format("enrolled as {}\n", principal->id());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Serves sessions, incidents and evidence to inspectors, regulators and centres. Without a command it serves.", kProgram);
  app.set_version_flag("--version", kVersion);
  std::string config_file, token_file, file, session, reason, role;
  Account account;
  bool print_config = false, want_rebuild = false, password_from_stdin = false;
  app.add_option("--config", config_file, "configuration file (TOML)");
  app.add_flag("--print-config", print_config, "print the configuration with every key explained, and exit");
  app.add_option("--enrol", token_file, "enrol with the one-time token in this file (- = standard input), and exit");
  app.add_flag("--rebuild", want_rebuild, "make the index anew from the log, and exit");
  app.require_subcommand(0, 1);
  app.fallthrough();
  app.add_subcommand("serve", "serve (what happens without a command, too)");
  auto* importing = app.add_subcommand("import", "check a plan and record it; the same plan again changes nothing");
  importing->add_option("plan", file, "plan file (JSON, see docs/examples/plan.json)")->required();
  auto* opening = app.add_subcommand("open", "open a session: from now on its rooms are recorded");
  auto* closing = app.add_subcommand("close", "close a session");
  for (CLI::App* command : {opening, closing}) {
    command->add_option("session", session, "its id")->required();
    command->add_option("--reason", reason, "why; recorded");
  }
  auto* user = app.add_subcommand("user", "accounts");
  user->require_subcommand(1);
  auto* adding = user->add_subcommand("add", "add an account; prints a random password unless --password-stdin");
  adding->add_option("name", account.person.user, "log-in name")->required();
  adding->add_option("--role", role, "administrator, inspector, regulator or centre")->required();
  adding->add_option("--scope", account.person.scope, "centres, comma separated; none = all (not for centre)")->delimiter(',');
  adding->add_option("--display-name", account.person.display_name, "the name under opinions (姓名)");
  adding->add_flag("--password-stdin", password_from_stdin, "read the password from the first line of standard input");
  auto* renewing = user->add_subcommand("password", "give an account another password; prints a random one unless --password-stdin");
  renewing->add_option("name", account.person.user, "log-in name")->required();
  renewing->add_flag("--password-stdin", password_from_stdin, "read the password from the first line of standard input");
  auto* listing = user->add_subcommand("list", "print all accounts");
  auto* disabling = user->add_subcommand("disable", "no more log-ins for this account; open ones end");
  disabling->add_option("name", account.person.user, "log-in name")->required();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }

  Config config = declare();
  if (const auto done = take_configuration(kProgram, config, config_file, print_config)) return *done;
  if (!token_file.empty()) return enrol_here(config, token_file);
  if (want_rebuild) return rebuild(config);
  if (importing->parsed()) return import(config, file);
  if (opening->parsed()) return change(config, session, true, reason);
  if (closing->parsed()) return change(config, session, false, reason);
  if (adding->parsed()) return add_user(config, account, role, password_from_stdin);
  if (renewing->parsed()) return change_password(config, account.person.user, password_from_stdin);
  if (listing->parsed()) return list_users(config);
  if (disabling->parsed()) return disable_user(config, account.person.user);
  return serve(config);
}
