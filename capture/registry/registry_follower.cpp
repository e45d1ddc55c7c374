#include "capture/registry/registry_follower.h"

#include <Poco/Logger.h>

#include "models/sync.h"

namespace invigil {
RegistryFollower::RegistryFollower(std::string centre, std::filesystem::path cache_file, PlanBook& plans, BrokerClient* client)
    : centre_(std::move(centre)), cache_(std::move(cache_file)), plans_(plans), client_(client) {
  const auto records = cache_.load();
  if (!records) {
    Poco::Logger::get("registry").warning("%s", records.error().message);
  } else {
    for (const Record& record : *records) {
      const auto header = parse_header(record.header);
      if (!header) continue;
      if (const auto ok = plans_.apply(header->kind(), record.payload); !ok)
        Poco::Logger::get("registry").warning("a registry record kept here is unreadable: %s", ok.error().message);
    }
  }
  if (client_ != nullptr) thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

RegistryFollower::~RegistryFollower() = default;

void RegistryFollower::run(const std::stop_token& stop) {
  FollowFilter filter;
  filter.kinds = {PLAN_IMPORTED, SESSION_OPENED, SESSION_CLOSED};
  filter.stream_prefixes = {"registry/" + centre_ + "/"};
  const auto follower = client_->follow(cache_.next(), filter);
  while (!stop.stop_requested()) {
    const auto batch = follower->next(stop);
    if (!batch) {
      if (stop.stop_requested()) return;
      Poco::Logger::get("registry").warning("the registry cannot be followed: %s", batch.error().message);
      pause_for(std::chrono::seconds(1), stop);
      continue;
    }
    std::vector<Record> kept;
    for (const FollowedRecord& followed : batch->records) {
      if (const auto ok = plans_.apply(followed.header.kind(), followed.record.payload); !ok) {
        Poco::Logger::get("registry").warning("a registry record is unreadable: %s", ok.error().message);
        continue;
      }
      kept.push_back(followed.record);
    }
    if (kept.empty()) continue;  // the position alone is not worth a write
    if (const auto ok = cache_.add(kept, batch->next); !ok) Poco::Logger::get("registry").error("%s", ok.error().message);
  }
}

}  // namespace invigil
