#pragma once
// A small SQL database: bound values only, numbered migrations, transactions, errors as Results. The one home of Poco::Data.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "models/result.h"

namespace invigil {

/// What a statement is given and what it answers: null, a whole number, a real, or UTF-8 text (binary goes in as hex).
using SqlValue = std::variant<std::monostate, std::int64_t, double, std::string>;

/// The names of an answer's columns, as the SELECT gives them (AS, else the column's own), shared by its rows.
using SqlColumns = std::shared_ptr<const std::vector<std::string>>;

/// One row of an answer, columns by name or by their place in the SELECT. Asking a column for what it does not hold gives 0 or "";
/// asking for a column the SELECT does not have is a fault of the program and aborts.
class SqlRow {
 public:
  SqlRow(SqlColumns columns, std::vector<SqlValue> values) : columns_(std::move(columns)), values_(std::move(values)) {}
  bool is_null(std::string_view column) const { return is_null(place_of(column)); }
  std::int64_t integer(std::string_view column) const { return integer(place_of(column)); }
  double real(std::string_view column) const { return real(place_of(column)); }
  std::string text(std::string_view column) const { return text(place_of(column)); }
  bool is_null(std::size_t column) const { return std::holds_alternative<std::monostate>(values_.at(column)); }
  std::int64_t integer(std::size_t column) const;
  double real(std::size_t column) const;
  std::string text(std::size_t column) const;
  std::size_t size() const { return values_.size(); }

 private:
  std::size_t place_of(std::string_view column) const;
  SqlColumns columns_;
  std::vector<SqlValue> values_;
};

/// One step of a schema, applied once, in order, each in a transaction. Numbers count from 1; a released step never changes.
struct Migration {
  int number;
  std::string_view sql;  ///< statements separated by ";\n"
};

enum class Durability {
  normal,  ///< WAL, synchronous=NORMAL: a power cut may lose the newest transactions, never mix them up (projections)
  full     ///< WAL, synchronous=FULL: a committed transaction survives (accounts)
};

/// One connection. Single-thread; several connections to one file may be used by several threads or processes.
class Database {
 public:
  /// Opens or creates the file (mode 0600). `unavailable` when it cannot be opened, `corrupt` when it is no database.
  static Result<std::unique_ptr<Database>> open(const std::filesystem::path& file, Durability durability);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Brings the schema up to the newest step. `unsupported` when the file was made by a newer program.
  Result<> migrate(std::span<const Migration> steps);

  /// Runs one statement with `values` bound to its `?`s and returns its rows. SQL text comes from the program only: whatever
  /// a person typed is a value. `conflict` for a broken constraint, `exhausted` for a full disk, `unavailable` when locked too long.
  Result<std::vector<SqlRow>> query(std::string_view sql, const std::vector<SqlValue>& values = {});
  /// The same for statements whose rows nobody needs.
  Result<> execute(std::string_view sql, const std::vector<SqlValue>& values = {});

 private:
  friend class Transaction;
  struct Connection;
  explicit Database(std::unique_ptr<Connection> connection);
  std::unique_ptr<Connection> connection_;
};

/// All or nothing: rolls back unless commit() succeeded. At most one at a time on a connection.
class Transaction {
 public:
  static Result<Transaction> begin(Database& database);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Result<> commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

}  // namespace invigil
