#include "console/journal/kept_records.h"

#include <array>

#include "models/record.h"

namespace invigil {
namespace {

constexpr std::int64_t kKeptUs = 31ll * 24 * 3600 * 1'000'000;

// The bytes in hex: what both databases take.
constexpr std::string_view kTables = R"sql(
CREATE TABLE kept (stream TEXT NOT NULL, seq INTEGER NOT NULL, hash TEXT NOT NULL, header TEXT NOT NULL, payload TEXT NOT NULL,
  at_us INTEGER NOT NULL, PRIMARY KEY (stream, seq, hash));
CREATE INDEX kept_by_time ON kept (at_us);
)sql";

}  // namespace

Result<std::unique_ptr<KeptRecords>> KeptRecords::open(const std::filesystem::path& file) {
  auto database = Database::open(file, Durability::full);
  if (!database) return tl::make_unexpected(database.error());
  const auto steps = std::to_array<Migration>({{1, kTables}});
  if (auto made = (*database)->migrate(steps); !made) return tl::make_unexpected(made.error());
  return std::unique_ptr<KeptRecords>(new KeptRecords(std::move(*database)));
}

Result<> KeptRecords::put(std::span<const SealedRecord> records, Instant now) {
  auto transaction = Transaction::begin(*database_);
  if (!transaction) return tl::make_unexpected(transaction.error());
  for (const SealedRecord& record : records)
    if (auto put = database_->execute(
            "INSERT INTO kept (stream, seq, hash, header, payload, at_us) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            {record.stream, static_cast<std::int64_t>(record.seq), to_hex(bytes_of(record.hash)), to_hex(record.record.header),
             to_hex(record.record.payload), now.us});
        !put)
      return put;
  if (auto forgot = database_->execute("DELETE FROM kept WHERE at_us < ?", {now.us - kKeptUs}); !forgot) return forgot;
  return transaction->commit();
}

Result<std::vector<SealedRecord>> KeptRecords::after(const std::string& stream, std::uint64_t seq) {
  const auto rows = database_->query("SELECT header, payload FROM kept WHERE stream = ? AND seq > ? ORDER BY seq, at_us",
                                     {stream, static_cast<std::int64_t>(seq)});
  if (!rows) return tl::make_unexpected(rows.error());
  std::vector<SealedRecord> out;
  for (const SqlRow& row : *rows) {
    auto header_bytes = from_hex(row.text("header"));
    auto payload = from_hex(row.text("payload"));
    auto header = header_bytes ? parse_header(*header_bytes) : tl::make_unexpected(header_bytes.error());
    auto prev_hash = header ? hash_from(header->prev_hash()) : tl::make_unexpected(header.error());
    if (!prev_hash || !payload) return fail(ErrorCode::corrupt, "a record kept by the console can't be read: remove journal.db");
    out.push_back(
        {stream, header->seq(), header->kind(), sha256(*header_bytes), *prev_hash, {std::move(*header_bytes), std::move(*payload)}});
  }
  return out;
}

Result<> KeptRecords::forget(const SealedRecord& record) {
  return database_->execute("DELETE FROM kept WHERE stream = ? AND seq = ? AND hash = ?",
                            {record.stream, static_cast<std::int64_t>(record.seq), to_hex(bytes_of(record.hash))});
}

Result<std::vector<std::string>> KeptRecords::streams() {
  const auto rows = database_->query("SELECT DISTINCT stream FROM kept ORDER BY stream");
  if (!rows) return tl::make_unexpected(rows.error());
  std::vector<std::string> out;
  for (const SqlRow& row : *rows) out.push_back(row.text("stream"));
  return out;
}

}  // namespace invigil
