#include "broker/serve/commit_thread.h"

#include <Poco/Logger.h>

namespace invigil {

CommitThread::CommitThread(EventLog& log, MerkleTree& tree, std::function<void(Committed)> done)
    : log_(log), tree_(tree), done_(std::move(done)), thread_([this](const std::stop_token& stop) { run(stop); }) {}

CommitThread::~CommitThread() {
  thread_.request_stop();
  thread_.join();
}

void CommitThread::submit(CommitJob job) {
  if (!jobs_.try_push(std::move(job))) abort_with("two batches under way");
}

/// The log is what counts: a tree whose tiles can't be written stops checkpoints, not intake, and is made anew at the next start.
void CommitThread::grow_tree() {
  if (!tree_whole_) return;
  if (auto grown = tree_.append(hashes_); !grown) {
    tree_whole_ = false;
    Poco::Logger::get("broker.tree").error("no checkpoints until the next start: " + grown.error().message);
  }
}

void CommitThread::run(const std::stop_token& stop) {
  while (auto job = jobs_.pop(stop)) {
    Committed committed;
    if (!job->batch.records.empty()) {
      auto first = log_.append(job->batch.records);
      if (first) {
        committed.first_position = *first;
        hashes_.clear();
        for (const Appendable& record : job->batch.records) hashes_.push_back(record.hash);
        grow_tree();
      } else {
        committed.result = tl::make_unexpected(first.error());
        Poco::Logger::get("broker.commit").error(first.error().message);
      }
    }
    if (job->batch.want_root && committed.result && tree_whole_) {
      if (auto saved = tree_.save(); !saved) Poco::Logger::get("broker.tree").error(saved.error().message);
      committed.tree_size = tree_.size();
      committed.root = tree_.root();
    }
    done_(std::move(committed));
  }
}

}  // namespace invigil
