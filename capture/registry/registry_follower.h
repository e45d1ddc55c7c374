#pragma once
// Follows the registry of this agent's centre at the broker, and keeps a copy for the day the broker is away.

#include <filesystem>
#include <thread>

#include "broker/bus/broker_client.h"
#include "capture/registry/plan_book.h"
#include "capture/registry/registry_cache.h"

namespace invigil {

/// Reads the cache into `plans` at once, then follows in a thread of its own. `plans` and `client` must outlive it.
class RegistryFollower {
 public:
  /// Without a client only the cache is read. A damaged cache is a warning: the broker has it all.
  RegistryFollower(std::string centre, std::filesystem::path cache_file, PlanBook& plans, BrokerClient* client);
  ~RegistryFollower();
  RegistryFollower(const RegistryFollower&) = delete;
  RegistryFollower& operator=(const RegistryFollower&) = delete;

 private:
  void run(const std::stop_token& stop);

  const std::string centre_;
  RegistryCache cache_;
  PlanBook& plans_;
  BrokerClient* client_;
  std::jthread thread_;
};

}  // namespace invigil
