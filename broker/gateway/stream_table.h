#pragma once
// What a gateway keeps of each stream: how far it is durable, how far it is under way, how far a checkpoint covers it.

#include <bitset>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "broker/log/event_log.h"
#include "models/id.h"

namespace invigil {

/// Lets std::unordered_map<std::string, …> be asked with a string_view.
struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>{}(s); }
};

struct StreamState {
  std::string name;
  std::uint64_t received = 0;  ///< taken into a batch, maybe not durable yet
  Hash received_hash = kZeroHash;
  StreamTip committed;                 ///< durable
  std::vector<Hash> uncommitted = {};  ///< hashes of committed.seq + 1 … received
  StreamTip covered;                   ///< by the newest checkpoint
  StreamTip covered_next;              ///< by the one being made
  std::uint64_t nacked = 0;            ///< the seq last asked for, so that one gap makes one NACK
  std::int64_t nacked_at_us = 0;
  std::uint64_t hole_to = 0;   ///< named and durable: the record after it may leave out what is missing before
  std::size_t touch_slot = 0;  ///< where it stands among the streams of the batch being gathered

  /// Forgets what was under way: its batch failed.
  void fall_back() {
    received = committed.seq;
    received_hash = committed.hash;
    uncommitted.clear();
  }
  /// What is missing up to `to` has been named: the stream goes on after it. Only while nothing of it is under way.
  void pass_hole(std::uint64_t to, const Hash& last_hash) {
    committed.seq = hole_to = to;
    committed.hash = last_hash;
    fall_back();
  }
  void receive(std::uint64_t seq, const Hash& hash) {
    received = seq;
    received_hash = hash;
    uncommitted.push_back(hash);
  }
  void commit(const StreamTip& tip) {
    const auto done = static_cast<std::ptrdiff_t>(tip.seq - committed.seq);
    uncommitted.erase(uncommitted.begin(), uncommitted.begin() + done);
    committed = tip;
  }
};

/// What one principal may do with one stream; rights by kind are looked up once.
struct StreamAccess {
  StreamState* stream = nullptr;
  StreamName name;
  std::bitset<128> asked;
  std::bitset<128> allowed;
};

/// All streams of a log. Single-thread. States keep their address.
class StreamTable {
 public:
  explicit StreamTable(const std::map<std::string, StreamTip, std::less<>>& tips) {
    for (const auto& [name, tip] : tips) {
      StreamState& s = of(name);
      s.committed = tip;
      s.fall_back();
    }
  }
  StreamState& of(std::string_view name) {
    const auto it = streams_.find(name);
    if (it != streams_.end()) return *it->second;
    auto state = std::make_unique<StreamState>();
    state->name = name;
    return *streams_.emplace(std::string(name), std::move(state)).first->second;
  }
  const StreamState* find(std::string_view name) const {
    const auto it = streams_.find(name);
    return it == streams_.end() ? nullptr : it->second.get();
  }
  template <class Visit>
  void for_each(Visit visit) {
    for (auto& [name, state] : streams_) visit(*state);
  }

 private:
  std::unordered_map<std::string, std::unique_ptr<StreamState>, StringHash, std::equal_to<>> streams_;
};

}  // namespace invigil
