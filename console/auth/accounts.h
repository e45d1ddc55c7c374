#pragma once
// Who may log in: accounts with Argon2id hashes, cookies hashed at rest, log-ins slowed after failures.

#include <cstdint>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <semaphore>
#include <string>
#include <string_view>
#include <vector>

#include "broker/platform/db/database.h"
#include "console/auth/rights.h"
#include "models/result.h"
#include "models/sync.h"
#include "models/time.h"

namespace invigil {

struct Account {
  User person;
  bool disabled = false;
};

/// An open log-in. `token` is the cookie's value, known only at log_in.
struct Login {
  User person;
  std::string token;
  Instant expires;
};

/// Why a log-in was refused. `retry_after_s` > 0: not even tried, come back then.
struct LoginRefusal {
  std::int64_t retry_after_s = 0;
  std::string message;
  bool unavailable = false;  ///< the database or the hashing is away: not the person's fault
};

/// A change of an account that the log has not been told yet.
struct UnrecordedChange {
  std::int64_t number = 0;
  Account account;
  std::string by;
  Instant at;
  bool password_changed = false;
};

struct LoginRules {
  Micros valid = seconds(12 * 3600);  ///< a cookie's life
  int free_failures = 3;              ///< then 1 s, 2 s, 4 s … up to the caps
  Micros account_cap = seconds(60);   ///< small, so that a stranger cannot lock a person out
  Micros address_cap = seconds(900);
};

/// The accounts database (its own file: hashes never enter the log or the index). Thread-safe; several processes may share the file.
class Accounts {
 public:
  static Result<std::unique_ptr<Accounts>> open(const std::filesystem::path& file, const Clock& clock, LoginRules rules = {});

  Result<bool> empty();
  /// `conflict` when the user exists, `invalid` for a bad id, a display name that is no line of UTF-8, a password under 8 characters,
  /// or role centre without scope.
  Result<> add(const Account& account, std::string_view password, std::string_view by);
  /// Also ends the account's log-ins. `not_found`.
  Result<Account> disable(std::string_view user, std::string_view by);
  /// Another password; ends the account's log-ins and forgives its failures. `not_found`, `invalid` for one under 8 characters.
  Result<> set_password(std::string_view user, std::string_view password, std::string_view by);
  Result<std::vector<Account>> list();

  /// Checks name and password; slow on purpose. Only a few hashes run at once: each takes 64 MiB.
  tl::expected<Login, LoginRefusal> log_in(std::string_view user, std::string_view password, std::string_view remote);
  /// Who holds this cookie now; empty when unknown, expired or disabled.
  std::optional<Login> who(std::string_view token);
  void log_out(std::string_view token);
  /// Whether there is such an account (a failed log-in is written into the stream of a person only if the person exists).
  bool exists(std::string_view user);

  /// Changes made here that no USER_CHANGED record tells yet, oldest first, and their ticking off.
  Result<std::vector<UnrecordedChange>> unrecorded();
  Result<> recorded(std::int64_t number);

 private:
  struct Failures {
    int count = 0;
    Instant last;
  };
  Accounts(std::unique_ptr<Database> database, const Clock& clock, LoginRules rules);
  std::int64_t must_wait_s(std::string_view user, std::string_view remote) INVIGIL_REQUIRES(mutex_);
  void note_failure(std::string_view user, std::string_view remote) INVIGIL_REQUIRES(mutex_);
  Result<std::optional<Account>> find(std::string_view user, std::string* hash) INVIGIL_REQUIRES(mutex_);
  Result<Account> existing(std::string_view user) INVIGIL_REQUIRES(mutex_);
  Result<> note_change(const Account& account, std::string_view by, bool password_changed) INVIGIL_REQUIRES(mutex_);

  Mutex mutex_;
  std::unique_ptr<Database> database_ INVIGIL_GUARDED_BY(mutex_);
  std::map<std::string, Failures, std::less<>> failures_ INVIGIL_GUARDED_BY(mutex_);
  const Clock& clock_;
  const LoginRules rules_;
  std::counting_semaphore<8> hashing_{2};
  std::string decoy_;  ///< hash verified for unknown users, so that they take as long
};

/// A password a person can type: 80 random bits.
std::string random_password();

}  // namespace invigil
