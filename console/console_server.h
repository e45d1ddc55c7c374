#pragma once
// A whole console over one data folder: index, accounts, HTTP, pushes; what `invigil-console` serves with.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "broker/bus/client_config.h"
#include "broker/platform/http/server.h"
#include "console/auth/accounts.h"
#include "models/result.h"
#include "models/time.h"

namespace invigil {

struct ConsoleOptions {
  std::filesystem::path data;        ///< index.db, accounts.db, keys/, cache/
  std::filesystem::path web_folder;  ///< the built pages; must hold index.html. Empty: the API only (tests)
  HttpOptions http;
  LoginRules logins;
  std::uint64_t video_cache_bytes = 2ull << 30;
  std::string version;
  /// Told the password of the account `admin`, once, when there was no account at all.
  std::function<void(const std::string& user, const std::string& password)> first_password;
};

/// Owns everything; stops with the object.
class ConsoleServer {
 public:
  /// `conflict`: another console has this data; `not_found`: the pages are missing; `unavailable`: port in use. An index that cannot be
  /// read is made anew. The broker may be away: it is waited for in the background.
  static Result<std::unique_ptr<ConsoleServer>> start(ConsoleOptions options, ClientIdentity identity, const Clock& clock);
  virtual ~ConsoleServer() = default;
  virtual std::uint16_t port() const = 0;
  /// Registered "METHOD pattern"s.
  virtual std::vector<std::string> routes() const = 0;
  /// How far the index is.
  virtual std::uint64_t position() const = 0;
};

/// Makes the index anew from the broker's log, up to its present end; returns the position reached. Nothing else may use `data`.
Result<std::uint64_t> rebuild_index(const std::filesystem::path& data, ClientIdentity identity, std::chrono::seconds patience);

/// The folder of the pages: `configured`, or found beside the program (web/, ../share/invigil/web). `not_found` says what to do.
Result<std::filesystem::path> find_web_folder(const std::string& configured);

}  // namespace invigil
