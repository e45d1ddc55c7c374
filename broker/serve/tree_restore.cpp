#include "broker/serve/tree_restore.h"

#include <Poco/Logger.h>

#include <algorithm>

namespace invigil {
namespace {

constexpr std::uint64_t kRecordsCompared = 256;

/// Do the tree's last leaves stand for the log's records? False when the log was replaced, or cut and grown again.
bool agrees(const EventLog& log, const MerkleTree& tree) {
  const std::uint64_t from = std::max(log.begin(), tree.size() - std::min(tree.size(), kRecordsCompared));
  for (std::uint64_t position = from; position < tree.size(); ++position) {
    const auto record = log.read(position, 1, 1);
    if (!record || record->empty()) continue;  // damaged: its leaf is all there is of it
    const auto leaf = tree.leaf(position);
    if (!leaf || *leaf != merkle_leaf(sha256(record->front().record.header))) return false;
  }
  return true;
}

}  // namespace

Result<TreeRestoration> restore_tree(const EventLog& log, MerkleTree& tree) {
  TreeRestoration done;
  Poco::Logger& logger = Poco::Logger::get("broker.tree");
  if (tree.rebuilt()) logger.information("the tree is made anew from the log");
  if (tree.size() > log.end()) {
    done.forgotten = tree.size() - log.end();
    logger.error("the tree knows %s records, the log has %s: the log went back; the tree follows it", std::to_string(tree.size()),
                 std::to_string(log.end()));
    if (auto cut = tree.cut_back(log.end()); !cut && cut.error().code != ErrorCode::corrupt) return tl::make_unexpected(cut.error());
  }
  if (tree.size() > log.end() || !agrees(log, tree)) {
    logger.error("the tree is not that of this log: it is made anew");
    done.replaced = true;
    if (auto cut = tree.cut_back(0); !cut) return tl::make_unexpected(cut.error());
  }
  std::vector<Hash> hashes;
  while (tree.size() < log.end()) {
    const auto records = log.read(tree.size(), 8192, 8 << 20);
    if (!records && records.error().code == ErrorCode::corrupt) {
      ++done.unreadable;
      if (auto grown = tree.append_unreadable(); !grown) return tl::make_unexpected(grown.error());
      continue;
    }
    if (!records) return tl::make_unexpected(records.error());
    hashes.clear();
    for (const StoredRecord& stored : *records) hashes.push_back(sha256(stored.record.header));
    if (auto grown = tree.append(hashes); !grown) return tl::make_unexpected(grown.error());
  }
  if (auto saved = tree.save(); !saved) return tl::make_unexpected(saved.error());
  return done;
}

}  // namespace invigil
