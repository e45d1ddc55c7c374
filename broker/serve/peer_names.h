#pragma once
// Numbers for the connections of one listening socket: routing id and CURVE key to PeerId and back.

#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "broker/bus/socket.h"
#include "broker/gateway/gateway_core.h"

namespace invigil {

/// Single-thread.
class PeerNames {
 public:
  struct Entry {
    PeerId id = 0;
    std::string routing;
    std::string user;  ///< the key in hex, as the ZAP handler said it
    std::string key;   ///< the same, raw
    std::int64_t used_us = 0;
  };
  /// `first` keeps the numbers of several sockets apart.
  explicit PeerNames(PeerId first) : next_(first) {}

  /// Looked up for every message: a routing id that comes back with another key is another peer.
  Entry& of(const ReceivedMessage& message, std::int64_t mono_us) {
    const std::string_view routing = message.from.view();
    auto it = by_routing_.find(routing);
    if (it == by_routing_.end() || std::strcmp(it->second->user.c_str(), message.user_id) != 0) {
      auto entry = std::make_unique<Entry>();
      entry->id = next_++;
      entry->routing = routing;
      entry->user = message.user_id;
      entry->key = from_hex(entry->user).value_or(std::string());
      if (it != by_routing_.end()) {
        by_id_.erase(it->second->id);
        it->second = std::move(entry);
      } else {
        it = by_routing_.emplace(std::string(routing), std::move(entry)).first;
      }
      by_id_[it->second->id] = it->second.get();
    }
    it->second->used_us = mono_us;
    return *it->second;
  }
  Entry* find(PeerId id) {
    const auto it = by_id_.find(id);
    return it == by_id_.end() ? nullptr : it->second;
  }
  void forget(PeerId id) {
    const auto it = by_id_.find(id);
    if (it == by_id_.end()) return;
    const std::string routing = it->second->routing;
    by_id_.erase(it);
    by_routing_.erase(routing);
  }
  /// Forgets who has not been heard since.
  void forget_older(std::int64_t mono_us) {
    for (auto it = by_routing_.begin(); it != by_routing_.end();) {
      if (it->second->used_us < mono_us) {
        by_id_.erase(it->second->id);
        it = by_routing_.erase(it);
      } else {
        ++it;
      }
    }
  }

 private:
  PeerId next_;
  std::unordered_map<std::string, std::unique_ptr<Entry>, StringHash, std::equal_to<>> by_routing_;
  std::unordered_map<PeerId, Entry*> by_id_;
};

}  // namespace invigil
