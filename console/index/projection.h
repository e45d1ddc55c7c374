#pragma once
// One module's share of the index: which records it reads, which tables it keeps, what a record does to them.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "broker/bus/broker_client.h"
#include "broker/platform/db/database.h"
#include "models/result.h"

namespace invigil {

/// What a batch changed, for the open pages: keys of things by topic ("incident" → ids), in the order they changed, each once.
class IndexChanges {
 public:
  void add(std::string_view topic, std::string key);
  /// Empty when nothing of the topic changed.
  const std::vector<std::string>& of(std::string_view topic) const;
  bool empty() const { return topics_.empty(); }

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> topics_;
};

/// Turns records into rows of its module's tables. Single-thread, inside the batch's transaction. The same records must always give
/// the same rows, whatever the batches.
class Projector {
 public:
  virtual ~Projector() = default;
  /// `invalid` = the payload is not what its kind says: the record is skipped and counted. Any other error undoes the batch.
  virtual Result<> apply(Database& index, const FollowedRecord& record, IndexChanges& changes) = 0;
  /// Writes what it kept in memory; called at the end of each batch, before the commit.
  virtual Result<> flush(Database& index);
  /// The batch was undone: memory may be ahead of the file, so drop it.
  virtual void forget() {}
};

struct ProjectedKind {
  RecordKind kind;
  bool marked = false;  ///< also keep sparse marks of its stream, so that records of this kind can be found again (ranges.h)
};

struct Projection {
  std::string_view module = {};
  std::vector<ProjectedKind> kinds = {};
  std::span<const Migration> tables = {};  ///< numbered from 1; nobody else's SQL names them
  int edition = 1;                         ///< raise it when `project` gives other rows for the same records: old files are then made anew
  std::unique_ptr<Projector> (*project)() = nullptr;  ///< null: no rows
};

/// A Projector of a function that keeps nothing in memory.
template <Result<> (*Apply)(Database&, const FollowedRecord&, IndexChanges&)>
std::unique_ptr<Projector> projector_of() {
  class Stateless final : public Projector {
    Result<> apply(Database& index, const FollowedRecord& record, IndexChanges& changes) override { return Apply(index, record, changes); }
  };
  return std::make_unique<Stateless>();
}

/// The kinds these modules need; the index must be fed exactly these, from its position.
FollowFilter filter_of(const std::vector<Projection>& projections);

}  // namespace invigil
