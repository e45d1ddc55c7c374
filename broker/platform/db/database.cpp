#include "broker/platform/db/database.h"

#include <Poco/Data/RecordSet.h>
#include <Poco/Data/SQLite/Connector.h>
#include <Poco/Data/SQLite/SQLiteException.h>
#include <Poco/Data/Session.h>
#include <Poco/Data/Statement.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <mutex>

namespace invigil {
namespace {

namespace pd = Poco::Data;
using pd::Keywords::bind;

// One place that knows Poco's exceptions.
Error error_from(const Poco::Exception& e, const std::string& file) {
  const std::string what = fmt::format("{}: {}", file, e.displayText());
  if (dynamic_cast<const pd::SQLite::ConstraintViolationException*>(&e) != nullptr) return {ErrorCode::conflict, what};
  if (dynamic_cast<const pd::SQLite::DatabaseFullException*>(&e) != nullptr) return {ErrorCode::exhausted, what + ": free some disk space"};
  if (dynamic_cast<const pd::SQLite::CorruptImageException*>(&e) != nullptr) return {ErrorCode::corrupt, what};
  if (dynamic_cast<const pd::SQLite::DBLockedException*>(&e) != nullptr) return {ErrorCode::unavailable, what};
  if (what.find("not a database") != std::string::npos || what.find("malformed") != std::string::npos) return {ErrorCode::corrupt, what};
  if (what.find("constraint") != std::string::npos) return {ErrorCode::conflict, what};
  return {ErrorCode::internal, what};
}

SqlValue value_at(const pd::RecordSet& rows, std::size_t column, std::size_t row) {
  if (rows.isNull(column, row)) return std::monostate{};
  const Poco::Dynamic::Var value = rows.value(column, row);
  if (value.isEmpty()) return std::monostate{};
  if (value.isInteger() || value.isBoolean()) return value.convert<Poco::Int64>();
  if (value.isNumeric()) return value.convert<double>();
  return value.convert<std::string>();
}

}  // namespace

std::size_t SqlRow::place_of(std::string_view column) const {
  for (std::size_t i = 0; i < columns_->size(); ++i)
    if ((*columns_)[i] == column) return i;
  std::fprintf(stderr, "the statement gives no column \"%.*s\"\n", static_cast<int>(column.size()), column.data());
  std::abort();
}

std::int64_t SqlRow::integer(std::size_t column) const {
  const SqlValue& value = values_.at(column);
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return *whole;
  if (const auto* real = std::get_if<double>(&value)) return static_cast<std::int64_t>(std::llround(*real));
  // Columns without a declared type (COUNT, MAX…) come as text.
  std::int64_t parsed = 0;
  if (const auto* text = std::get_if<std::string>(&value)) std::from_chars(text->data(), text->data() + text->size(), parsed);
  return parsed;
}

double SqlRow::real(std::size_t column) const {
  const SqlValue& value = values_.at(column);
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  if (const auto* real = std::get_if<double>(&value)) return *real;
  double parsed = 0;
  if (const auto* text = std::get_if<std::string>(&value)) std::from_chars(text->data(), text->data() + text->size(), parsed);
  return parsed;
}

std::string SqlRow::text(std::size_t column) const {
  const SqlValue& value = values_.at(column);
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return std::to_string(*whole);
  return {};
}

struct Database::Connection {
  pd::Session session;
  std::string file;
};

Database::Database(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
Database::~Database() = default;

Result<std::unique_ptr<Database>> Database::open(const std::filesystem::path& file, Durability durability) {
  static std::once_flag registered;
  std::call_once(registered, [] { pd::SQLite::Connector::registerConnector(); });
  // Made by us first: SQLite would make it readable by others.
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0)
    return fail(ErrorCode::unavailable, fmt::format("{} cannot be opened: check the data folder and its rights", file.string()));
  ::close(descriptor);
  try {
    auto connection = std::make_unique<Connection>(Connection{pd::Session(pd::SQLite::Connector::KEY, file.string()), file.string()});
    std::unique_ptr<Database> database(new Database(std::move(connection)));
    for (const std::string_view pragma :
         {std::string_view("PRAGMA busy_timeout = 10000"), std::string_view("PRAGMA journal_mode = WAL"),
          durability == Durability::full ? std::string_view("PRAGMA synchronous = FULL") : std::string_view("PRAGMA synchronous = NORMAL"),
          std::string_view("PRAGMA foreign_keys = ON")})
      if (auto done = database->execute(pragma); !done) return tl::make_unexpected(done.error());
    return database;
  } catch (const Poco::Exception& e) {
    return tl::make_unexpected(error_from(e, file.string()));
  }
}

Result<std::vector<SqlRow>> Database::query(std::string_view sql, const std::vector<SqlValue>& values) {
  try {
    pd::Statement statement(connection_->session);
    statement << std::string(sql);
    for (const SqlValue& value : values) {
      if (const auto* whole = std::get_if<std::int64_t>(&value)) {
        statement, bind(static_cast<Poco::Int64>(*whole));
      } else if (const auto* real = std::get_if<double>(&value)) {
        statement, bind(*real);
      } else if (const auto* text = std::get_if<std::string>(&value)) {
        statement, bind(*text);
      } else {
        statement, pd::Keywords::bind(pd::Keywords::null);
      }
    }
    statement.execute();
    std::vector<SqlRow> rows;
    if (statement.columnsExtracted() == 0) return rows;
    const pd::RecordSet set(statement);
    rows.reserve(set.rowCount());
    std::vector<std::string> names;
    for (std::size_t column = 0; column < set.columnCount(); ++column) names.push_back(set.columnName(column));
    const SqlColumns columns_of_all = std::make_shared<const std::vector<std::string>>(std::move(names));
    for (std::size_t row = 0; row < set.rowCount(); ++row) {
      std::vector<SqlValue> columns;
      columns.reserve(set.columnCount());
      for (std::size_t column = 0; column < set.columnCount(); ++column) columns.push_back(value_at(set, column, row));
      rows.emplace_back(columns_of_all, std::move(columns));
    }
    return rows;
  } catch (const Poco::Exception& e) {
    return tl::make_unexpected(error_from(e, connection_->file));
  }
}

Result<> Database::execute(std::string_view sql, const std::vector<SqlValue>& values) {
  return query(sql, values).map([](const auto&) {});
}

Result<> Database::migrate(std::span<const Migration> steps) {
  if (auto made = execute("CREATE TABLE IF NOT EXISTS schema_version (number INTEGER NOT NULL)"); !made) return made;
  const auto version = query("SELECT MAX(number) FROM schema_version");
  if (!version) return tl::make_unexpected(version.error());
  const std::int64_t have = version->empty() ? 0 : version->front().integer(0);
  const int newest = steps.empty() ? 0 : steps.back().number;
  if (have > newest)
    return fail(ErrorCode::unsupported,
                fmt::format("{} has schema {}, this program knows {}: use a newer program", connection_->file, have, newest));
  for (const Migration& step : steps) {
    if (step.number <= have) continue;
    auto transaction = Transaction::begin(*this);
    if (!transaction) return tl::make_unexpected(transaction.error());
    std::string_view rest = step.sql;
    while (!rest.empty()) {
      const std::size_t end = rest.find(";\n");
      const std::string_view one = rest.substr(0, end);
      if (one.find_first_not_of(" \n\t;") != std::string_view::npos)
        if (auto done = execute(one); !done) return done;
      rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 2);
    }
    if (auto noted = execute("INSERT INTO schema_version (number) VALUES (?)", {std::int64_t{step.number}}); !noted) return noted;
    if (auto done = transaction->commit(); !done) return done;
  }
  return {};
}

Result<Transaction> Transaction::begin(Database& database) {
  // IMMEDIATE: a writer finds out at once, not at its first write, that another holds the lock.
  if (auto begun = database.execute("BEGIN IMMEDIATE"); !begun) return tl::make_unexpected(begun.error());
  return Transaction(database);
}

Transaction::~Transaction() {
  if (database_ != nullptr) (void)database_->execute("ROLLBACK");
}

Result<> Transaction::commit() {
  auto done = database_->execute("COMMIT");
  if (done) database_ = nullptr;
  return done;
}

}  // namespace invigil
