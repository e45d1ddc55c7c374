#include "models/program/program.h"

#include <fmt/format.h>
#include <pthread.h>
#include <pwd.h>
#include <unistd.h>

#include <iostream>
#include <semaphore>

#include "models/logging/json_lines.h"

namespace invigil {

int exit_code(const Error& error) { return error.code == ErrorCode::invalid || error.code == ErrorCode::unsupported ? 2 : 1; }

int complain(std::string_view program, const Error& error) {
  const bool named = error.where.empty() || error.message.find(error.where) != std::string::npos;
  std::cerr << fmt::format("{}: {}{}\n", program, error.message, named ? std::string() : fmt::format(" ({})", error.where)) << std::flush;
  return exit_code(error);
}

std::optional<int> take_configuration(std::string_view program, Config& config, const std::string& file, bool print) {
  if (!file.empty())
    if (const auto loaded = config.load(file); !loaded) {
      complain(program, loaded.error());
      return 2;  // also when the file is not there: the command line named it
    }
  if (print) {
    std::cout << config.print() << std::flush;
    return 0;
  }
  if (const auto logging = log_json_lines(std::string(program), config.text("log.level")); !logging)
    return complain(program, logging.error());
  return std::nullopt;
}

std::string local_user() {
  const passwd* entry = ::getpwuid(::getuid());
  return entry != nullptr ? entry->pw_name : std::to_string(::getuid());
}

StopSignals::StopSignals() {
  sigemptyset(&set_);
  sigaddset(&set_, SIGINT);
  sigaddset(&set_, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  taker_ = std::thread([this] {
    int signal = 0;
    sigwait(&set_, &signal);
    taken_ = true;
    source_.request_stop();
  });
}

StopSignals::~StopSignals() {
  // To that thread alone; harmless when it has one already.
  if (!taken_) pthread_kill(taker_.native_handle(), SIGTERM);
  taker_.join();
}

void StopSignals::wait() const {
  std::binary_semaphore came{0};
  const std::stop_callback tell(source_.get_token(), [&came] { came.release(); });
  came.acquire();
}

}  // namespace invigil
