#pragma once
// What every program does in the same way: its version, its complaints, its configuration, its end by a signal.

#include <atomic>
#include <csignal>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

#include "models/config/config.h"
#include "models/result.h"

namespace invigil {

inline constexpr const char* kVersion = "0.1.0";

/// Exit code after an error: 2 for what was asked or configured wrongly (`invalid`, `unsupported`), else 1.
int exit_code(const Error& error);

/// Prints "<program>: <message> (<where>)" to stderr, `where` only if the message does not name it. Returns exit_code(error).
int complain(std::string_view program, const Error& error);

/// Reads `file` over the defaults (empty: none); `print` prints the result to stdout; else logging starts as log.level says.
/// Empty: go on; else the exit code.
std::optional<int> take_configuration(std::string_view program, Config& config, const std::string& file, bool print);

/// The name of the account this process runs under: who did it, in records of what a command line did.
std::string local_user();

/// SIGINT and SIGTERM as a stop request; SIGPIPE is ignored. Make it in main before any other thread: they are blocked in all
/// threads started after it, and one of its own takes them.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  std::stop_token token() const { return source_.get_token(); }
  /// Until one came, or request_stop() was called.
  void wait() const;
  /// Ends the wait as a signal does. Thread-safe.
  void request_stop() { source_.request_stop(); }

 private:
  sigset_t set_{};
  std::stop_source source_;
  std::atomic<bool> taken_{false};
  std::thread taker_;
};

}  // namespace invigil
