#include "console/auth/accounts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "broker/platform/crypto/crypto.h"
#include "models/id.h"
#include "models/utf8.h"

namespace invigil {
namespace {

constexpr auto kSteps = std::to_array<Migration>(
    {{1,
      "CREATE TABLE accounts (user TEXT PRIMARY KEY, display_name TEXT NOT NULL, role TEXT NOT NULL, scope TEXT NOT NULL,"
      " disabled INTEGER NOT NULL, hash TEXT NOT NULL);\n"
      "CREATE TABLE logins (token_hash TEXT PRIMARY KEY, user TEXT NOT NULL, expires_us INTEGER NOT NULL);\n"
      "CREATE TABLE changes (number INTEGER PRIMARY KEY AUTOINCREMENT, user TEXT NOT NULL, display_name TEXT NOT NULL,"
      " role TEXT NOT NULL, scope TEXT NOT NULL, disabled INTEGER NOT NULL, by TEXT NOT NULL, at_us INTEGER NOT NULL);\n"},
     {2, "ALTER TABLE changes ADD COLUMN password_changed INTEGER NOT NULL DEFAULT 0;\n"}});

constexpr std::size_t kMaxFailureEntries = 10'000;
constexpr std::size_t kLeastPassword = 8;
constexpr std::size_t kMostNameBytes = 200;

std::string scope_text(const std::vector<std::string>& scope) { return nlohmann::json(scope).dump(); }

std::vector<std::string> scope_from(const std::string& text) {
  const auto parsed = nlohmann::json::parse(text, nullptr, false);
  return parsed.is_array() ? parsed.get<std::vector<std::string>>() : std::vector<std::string>{};
}

Account account_from(const SqlRow& row, std::size_t first) {
  Account out;
  out.person.user = row.text(first);
  out.person.display_name = row.text(first + 1);
  // A role this program does not know gets the least.
  out.person.role = role_named(row.text(first + 2)).value_or(UserRole::centre);
  out.person.scope = scope_from(row.text(first + 3));
  out.disabled = row.integer(first + 4) != 0;
  return out;
}

std::string hash_of_token(std::string_view token) { return to_hex(bytes_of(sha256(token))); }

Result<> check_password(std::string_view password) {
  if (password.size() < kLeastPassword)
    return fail(ErrorCode::invalid, fmt::format("the password is shorter than {} characters", kLeastPassword));
  return {};
}

/// It stands under opinions and in records for ever: a line of text, nothing else.
Result<> check_display_name(const std::string& user, const std::string& name) {
  const auto no = [&](std::string_view why) {
    return fail(ErrorCode::invalid, fmt::format("the display name of user \"{}\" {}", user, why), "--display-name");
  };
  if (!is_utf8(name)) return no("is not UTF-8: set the terminal to UTF-8 (LANG=zh_CN.UTF-8) and type it again");
  if (name.size() > kMostNameBytes) return no(fmt::format("is longer than {} bytes", kMostNameBytes));
  if (std::any_of(name.begin(), name.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
    return no("has control characters: use one line of text");
  return {};
}

}  // namespace

std::string random_password() { return random_token().substr(0, 19); }

Accounts::Accounts(std::unique_ptr<Database> database, const Clock& clock, LoginRules rules)
    : database_(std::move(database)), clock_(clock), rules_(rules) {}

Result<std::unique_ptr<Accounts>> Accounts::open(const std::filesystem::path& file, const Clock& clock, LoginRules rules) {
  auto database = Database::open(file, Durability::full);
  if (!database) return tl::make_unexpected(database.error());
  if (auto migrated = (*database)->migrate(kSteps); !migrated) return tl::make_unexpected(migrated.error());
  std::unique_ptr<Accounts> accounts(new Accounts(std::move(*database), clock, rules));
  auto decoy = hash_password(random_password());
  if (!decoy) return tl::make_unexpected(decoy.error());
  accounts->decoy_ = std::move(*decoy);
  return accounts;
}

Result<bool> Accounts::empty() {
  const MutexLock lock(mutex_);
  return database_->query("SELECT COUNT(*) FROM accounts").map([](const auto& rows) { return rows.front().integer(0) == 0; });
}

Result<> Accounts::add(const Account& account, std::string_view password, std::string_view by) {
  if (auto ok = check_id(account.person.user, "user"); !ok) return ok;
  if (auto ok = check_display_name(account.person.user, account.person.display_name); !ok) return ok;
  if (auto ok = check_password(password); !ok) return ok;
  if (account.person.role == UserRole::centre && account.person.scope.empty())
    return fail(ErrorCode::invalid,
                fmt::format("user \"{}\" has the role centre: name its centres with --scope c1,c2", account.person.user));
  for (const std::string& centre : account.person.scope)
    if (auto ok = check_id(centre, "centre"); !ok) return ok;
  auto hash = hash_password(password);
  if (!hash) return tl::make_unexpected(hash.error());
  const MutexLock lock(mutex_);
  auto transaction = Transaction::begin(*database_);
  if (!transaction) return tl::make_unexpected(transaction.error());
  auto added = database_->execute("INSERT INTO accounts (user, display_name, role, scope, disabled, hash) VALUES (?, ?, ?, ?, ?, ?)",
                                  {account.person.user, account.person.display_name, std::string(name_of(account.person.role)),
                                   scope_text(account.person.scope), std::int64_t{account.disabled}, *hash});
  if (!added && added.error().code == ErrorCode::conflict)
    return fail(ErrorCode::conflict, fmt::format("there is already a user \"{}\": choose another name", account.person.user));
  if (!added) return added;
  if (auto noted = note_change(account, by, false); !noted) return noted;
  return transaction->commit();
}

Result<std::optional<Account>> Accounts::find(std::string_view user, std::string* hash) {
  const auto rows =
      database_->query("SELECT user, display_name, role, scope, disabled, hash FROM accounts WHERE user = ?", {std::string(user)});
  if (!rows) return tl::make_unexpected(rows.error());
  if (rows->empty()) return std::optional<Account>{};
  if (hash != nullptr) *hash = rows->front().text(5);
  return std::optional(account_from(rows->front(), 0));
}

Result<Account> Accounts::disable(std::string_view user, std::string_view by) {
  const MutexLock lock(mutex_);
  auto found = existing(user);
  if (!found) return found;
  Account account = std::move(*found);
  account.disabled = true;
  auto transaction = Transaction::begin(*database_);
  if (!transaction) return tl::make_unexpected(transaction.error());
  for (const std::string_view sql : {"UPDATE accounts SET disabled = 1 WHERE user = ?", "DELETE FROM logins WHERE user = ?"})
    if (auto done = database_->execute(sql, {account.person.user}); !done) return tl::make_unexpected(done.error());
  if (auto noted = note_change(account, by, false); !noted) return tl::make_unexpected(noted.error());
  if (auto done = transaction->commit(); !done) return tl::make_unexpected(done.error());
  return account;
}

Result<> Accounts::set_password(std::string_view user, std::string_view password, std::string_view by) {
  if (auto ok = check_password(password); !ok) return ok;
  auto hash = hash_password(password);
  if (!hash) return tl::make_unexpected(hash.error());
  const MutexLock lock(mutex_);
  const auto account = existing(user);
  if (!account) return tl::make_unexpected(account.error());
  auto transaction = Transaction::begin(*database_);
  if (!transaction) return tl::make_unexpected(transaction.error());
  if (auto done = database_->execute("UPDATE accounts SET hash = ? WHERE user = ?", {*hash, account->person.user}); !done) return done;
  if (auto done = database_->execute("DELETE FROM logins WHERE user = ?", {account->person.user}); !done) return done;
  if (auto noted = note_change(*account, by, true); !noted) return noted;
  if (auto done = transaction->commit(); !done) return done;
  failures_.erase("user:" + account->person.user);
  return {};
}

Result<Account> Accounts::existing(std::string_view user) {
  auto found = find(user, nullptr);
  if (!found) return tl::make_unexpected(found.error());
  if (!*found) return fail(ErrorCode::not_found, fmt::format("there is no user \"{}\": invigil-console user list shows all", user));
  return std::move(**found);
}

Result<> Accounts::note_change(const Account& account, std::string_view by, bool password_changed) {
  return database_->execute(
      "INSERT INTO changes (user, display_name, role, scope, disabled, by, at_us, password_changed) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      {account.person.user, account.person.display_name, std::string(name_of(account.person.role)), scope_text(account.person.scope),
       std::int64_t{account.disabled}, std::string(by), clock_.now().us, std::int64_t{password_changed}});
}

Result<std::vector<Account>> Accounts::list() {
  const MutexLock lock(mutex_);
  const auto rows = database_->query("SELECT user, display_name, role, scope, disabled FROM accounts ORDER BY user");
  if (!rows) return tl::make_unexpected(rows.error());
  std::vector<Account> out;
  for (const SqlRow& row : *rows) out.push_back(account_from(row, 0));
  return out;
}

bool Accounts::exists(std::string_view user) {
  const MutexLock lock(mutex_);
  const auto found = find(user, nullptr);
  return found && found->has_value();
}

std::int64_t Accounts::must_wait_s(std::string_view user, std::string_view remote) {
  std::int64_t wait_us = 0;
  const Instant now = clock_.now();
  // The map is handed over: the thread-safety analysis does not see the caller's lock inside a lambda.
  const auto consider = [&](const auto& failures, const std::string& key, Micros cap) {
    const auto at = failures.find(key);
    if (at == failures.end() || at->second.count < rules_.free_failures) return;
    const int doublings = std::min(at->second.count - rules_.free_failures, 20);
    const std::int64_t delay = std::min(cap.us, seconds(1).us << doublings);
    wait_us = std::max(wait_us, delay - (now - at->second.last).us);
  };
  consider(failures_, "user:" + std::string(user), rules_.account_cap);
  consider(failures_, "from:" + std::string(remote), rules_.address_cap);
  return wait_us <= 0 ? 0 : (wait_us + 999'999) / 1'000'000;
}

void Accounts::note_failure(std::string_view user, std::string_view remote) {
  const Instant now = clock_.now();
  if (failures_.size() >= kMaxFailureEntries) {
    std::erase_if(failures_, [&](const auto& entry) { return now - entry.second.last > rules_.address_cap; });
    // Still full: somebody sprays names. Forget one rather than grow.
    if (failures_.size() >= kMaxFailureEntries) failures_.erase(failures_.begin());
  }
  for (const std::string& key : {"user:" + std::string(user.substr(0, 64)), "from:" + std::string(remote)}) {
    Failures& entry = failures_[key];
    if (now - entry.last > seconds(3600)) entry.count = 0;
    ++entry.count;
    entry.last = now;
  }
}

tl::expected<Login, LoginRefusal> Accounts::log_in(std::string_view user, std::string_view password, std::string_view remote) {
  std::string hash;
  std::optional<Account> account;
  {
    const MutexLock lock(mutex_);
    if (const std::int64_t wait = must_wait_s(user, remote); wait > 0)
      return tl::make_unexpected(LoginRefusal{wait, "too many failures", false});
    auto found = find(user, &hash);
    if (!found) return tl::make_unexpected(LoginRefusal{0, found.error().message, true});
    account = *found;
    // Counted before the slow part, so that guesses sent at once are slowed too; a success takes it back.
    note_failure(user, remote);
  }
  if (!hashing_.try_acquire_for(std::chrono::seconds(10))) return tl::make_unexpected(LoginRefusal{0, "too many log-ins at once", true});
  const bool right = verify_password(account ? hash : decoy_, password) && account && !account->disabled;
  hashing_.release();
  if (!right) return tl::make_unexpected(LoginRefusal{0, "wrong name or password", false});

  Login login{account->person, to_hex(random_bytes(32)), clock_.now() + rules_.valid};
  const MutexLock lock(mutex_);
  failures_.erase("user:" + std::string(user));
  failures_.erase("from:" + std::string(remote));
  (void)database_->execute("DELETE FROM logins WHERE expires_us < ?", {clock_.now().us});
  const auto kept = database_->execute("INSERT INTO logins (token_hash, user, expires_us) VALUES (?, ?, ?)",
                                       {hash_of_token(login.token), login.person.user, login.expires.us});
  if (!kept) return tl::make_unexpected(LoginRefusal{0, kept.error().message, true});
  return login;
}

std::optional<Login> Accounts::who(std::string_view token) {
  if (token.size() != 64) return std::nullopt;
  const MutexLock lock(mutex_);
  const auto rows = database_->query(
      "SELECT a.user, a.display_name, a.role, a.scope, a.disabled, l.expires_us FROM logins l JOIN accounts a ON a.user = l.user WHERE "
      "l.token_hash = ?",
      {hash_of_token(token)});
  if (!rows || rows->empty()) return std::nullopt;
  const Account account = account_from(rows->front(), 0);
  const Instant expires{rows->front().integer(5)};
  if (account.disabled || expires <= clock_.now()) return std::nullopt;
  return Login{account.person, {}, expires};
}

void Accounts::log_out(std::string_view token) {
  const MutexLock lock(mutex_);
  (void)database_->execute("DELETE FROM logins WHERE token_hash = ?", {hash_of_token(token)});
}

Result<std::vector<UnrecordedChange>> Accounts::unrecorded() {
  const MutexLock lock(mutex_);
  const auto rows = database_->query(
      "SELECT number, user, display_name, role, scope, disabled, by, at_us, password_changed FROM changes ORDER BY number");
  if (!rows) return tl::make_unexpected(rows.error());
  std::vector<UnrecordedChange> out;
  for (const SqlRow& row : *rows)
    out.push_back({row.integer(0), account_from(row, 1), row.text(6), Instant{row.integer(7)}, row.integer(8) != 0});
  return out;
}

Result<> Accounts::recorded(std::int64_t number) {
  const MutexLock lock(mutex_);
  return database_->execute("DELETE FROM changes WHERE number = ?", {number});
}

}  // namespace invigil
