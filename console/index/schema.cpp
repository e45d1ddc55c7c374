#include "console/index/schema.h"

#include <fmt/format.h>

#include "broker/platform/crypto/crypto.h"

namespace invigil {
namespace {

// No row per test event and none per video part: modules keep counts and intervals, and these are the sparse marks into the log.
constexpr std::string_view kOwn = R"sql(
CREATE TABLE schema_shape (hash TEXT NOT NULL);
CREATE TABLE feed (position INTEGER NOT NULL, epoch TEXT NOT NULL);
INSERT INTO feed (position, epoch) VALUES (0, '');
CREATE TABLE seq_marks (stream TEXT NOT NULL, seq INTEGER NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (stream, seq));
CREATE TABLE time_marks (stream TEXT NOT NULL, at_us INTEGER NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (stream, at_us));
)sql";

}  // namespace

std::string shape_of(const std::vector<Projection>& projections) {
  std::string text(kOwn);
  for (const Projection& projection : projections) {
    text += fmt::format("\n{} {}", projection.module, projection.edition);
    for (const ProjectedKind& projected : projection.kinds)
      text += fmt::format(" {}{}", static_cast<int>(projected.kind), projected.marked ? "m" : "");
    for (const Migration& step : projection.tables) text += fmt::format("\n{} {}", step.number, step.sql);
  }
  return to_hex(bytes_of(sha256(text)));
}

Result<> prepare_index(Database& database, const std::vector<Projection>& projections) {
  const auto tables = database.query("SELECT COUNT(*) AS tables FROM sqlite_master WHERE name = 'schema_version'");
  if (!tables) return tl::make_unexpected(tables.error());
  const std::string shape = shape_of(projections);
  if (tables->front().integer("tables") != 0) {
    const auto have = database.query("SELECT hash FROM schema_shape");
    if (have && have->size() == 1 && have->front().text("hash") == shape) return {};
    return fail(ErrorCode::unsupported, "the index was made by another version of this program: run invigil-console --rebuild");
  }
  std::vector<Migration> steps{{1, kOwn}};
  for (const Projection& projection : projections)
    for (const Migration& step : projection.tables) steps.push_back({static_cast<int>(steps.size()) + 1, step.sql});
  if (auto made = database.migrate(steps); !made) return made;
  return database.execute("INSERT INTO schema_shape (hash) VALUES (?)", {shape});
}

}  // namespace invigil
