#pragma once
// Writes batches: one append and one fdatasync each, then the Merkle tree, while the gateway gathers the next batch.

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "broker/bus/socket.h"
#include "broker/custody/merkle_tree.h"
#include "broker/gateway/gateway_core.h"
#include "broker/log/event_log.h"
#include "models/sync.h"

namespace invigil {

/// A batch with the frames its records lie in.
struct CommitJob {
  Batch batch;
  std::vector<ReceivedMessage> frames;
};

/// Owns its thread. submit() from one thread; `done` is called on this one.
class CommitThread {
 public:
  CommitThread(EventLog& log, MerkleTree& tree, std::function<void(Committed)> done);
  ~CommitThread();
  /// At most one job is under way: the gateway core sees to that.
  void submit(CommitJob job);

 private:
  void run(const std::stop_token& stop);
  void grow_tree();
  EventLog& log_;
  MerkleTree& tree_;
  const std::function<void(Committed)> done_;
  std::vector<Hash> hashes_;
  bool tree_whole_ = true;
  BoundedQueue<CommitJob> jobs_{2};
  std::jthread thread_;
};

}  // namespace invigil
