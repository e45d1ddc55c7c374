#pragma once
// Brings the tree to where the log is when a broker starts, whatever became of either.

#include <cstdint>

#include "broker/custody/merkle_tree.h"
#include "broker/log/event_log.h"
#include "models/result.h"

namespace invigil {

/// What had to be done to the tree.
struct TreeRestoration {
  std::uint64_t forgotten = 0;  ///< records the tree knew and the log no longer has: the log went back
  bool replaced = false;        ///< its last records are not those the tree stands for: the log went back and grew again, or is another one
  std::uint64_t unreadable = 0;  ///< records whose bytes are damaged and whose hash no tile holds: their leaf stands for nothing
};

/// After it `tree` has a leaf for each position of `log`. A log that is shorter than the tree, or has damaged positions, is no
/// error: what happened is in the answer, and the broker records it.
Result<TreeRestoration> restore_tree(const EventLog& log, MerkleTree& tree);

}  // namespace invigil
