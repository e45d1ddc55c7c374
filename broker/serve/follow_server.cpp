#include "broker/serve/follow_server.h"

#include <fmt/format.h>

#include <algorithm>

#include "models/rules/access.h"

namespace invigil {
namespace {

constexpr std::size_t kReadRecords = 512;
constexpr std::size_t kReadBytes = 512 * 1024;
constexpr std::uint64_t kTellProgressEvery = 20'000;  // positions without anything wanted
constexpr std::size_t kMaxFilters = 64;
constexpr std::size_t kMaxFollowsOfPeer = 16;
constexpr std::size_t kMaxStreamNames = 50'000;

}  // namespace

FollowServer::FollowServer(const EventLog& log, Deliver deliver)
    : log_(log), deliver_(std::move(deliver)), thread_([this](const std::stop_token& stop) { run(stop); }) {}

FollowServer::~FollowServer() {
  thread_.request_stop();
  thread_.join();
}

void FollowServer::order(FollowOrder order) {
  const MutexLock lock(mutex_);
  orders_.push_back(std::move(order));
  changed_.notify_one();
}

void FollowServer::log_grew() {
  const MutexLock lock(mutex_);
  grown_ = true;
  changed_.notify_one();
}

void FollowServer::apply(FollowOrder order) {
  const auto mine = [&](const Following& f) { return f.peer == order.peer && f.id == order.id; };
  switch (order.what) {
    case FollowOrder::What::start: {
      std::erase_if(followings_, mine);
      const auto same_peer = [&](const Following& f) { return f.peer == order.peer; };
      if (static_cast<std::size_t>(std::count_if(followings_.begin(), followings_.end(), same_peer)) >= kMaxFollowsOfPeer) return;
      Following f{.peer = order.peer, .id = order.id, .principal = std::move(order.principal)};
      f.kinds.assign(order.follow.kinds().begin(), order.follow.kinds().end());
      f.prefixes.assign(order.follow.stream_prefixes().begin(), order.follow.stream_prefixes().end());
      f.kinds.resize(std::min(f.kinds.size(), kMaxFilters));
      f.prefixes.resize(std::min(f.prefixes.size(), kMaxFilters));
      f.next = std::max(order.follow.from(), log_.begin());
      f.told = order.follow.from();
      f.credit = order.batches;
      f.epoch = std::move(order.epoch);
      f.beyond = order.follow.from() > log_.end();
      followings_.push_back(std::move(f));
      return;
    }
    case FollowOrder::What::credit:
      for (Following& f : followings_)
        if (mine(f)) f.credit = std::min<std::uint32_t>(f.credit + order.batches, 64);
      return;
    case FollowOrder::What::stop: std::erase_if(followings_, mine); return;
    case FollowOrder::What::stop_all: std::erase_if(followings_, [&](const Following& f) { return f.peer == order.peer; }); return;
  }
}

bool FollowServer::wanted(const Following& f, const RecordHeader& header) {
  if (!f.kinds.empty() && std::find(f.kinds.begin(), f.kinds.end(), header.kind()) == f.kinds.end()) return false;
  if (!f.prefixes.empty() &&
      std::none_of(f.prefixes.begin(), f.prefixes.end(), [&](const std::string& p) { return header.stream().starts_with(p); }))
    return false;
  auto name = stream_names_.find(header.stream());
  if (name == stream_names_.end()) {
    auto parsed = parse_stream(header.stream());
    if (!parsed) return false;
    if (stream_names_.size() >= kMaxStreamNames) stream_names_.clear();
    name = stream_names_.emplace(header.stream(), std::move(*parsed)).first;
  }
  const Principal& p = *f.principal;
  return may_read(p.role(), p.id(), p.centre(), name->second, static_cast<RecordKind>(header.kind()));
}

bool FollowServer::serve(Following& f, bool& stopped) {
  if (f.credit == 0) return false;
  const std::uint64_t end = log_.end();
  FromBroker message;
  Records& records = *message.mutable_records();
  records.set_epoch(f.epoch);
  if (f.beyond) {
    records.set_id(f.id);
    records.set_from(f.told);
    records.set_next(f.told);
    set_failure(
        *records.mutable_failure(),
        {ErrorCode::conflict, fmt::format("the log has {} records, {} were asked for: it went back or is another one", end, f.told)});
    f.credit = 0;
    if (!deliver_(f.peer, encode(message), {})) stopped = true;
    return false;
  }
  std::string body;
  bool more = false;
  if (f.next < end) {
    auto read = log_.read(f.next, kReadRecords, kReadBytes);
    if (!read && read.error().code != ErrorCode::corrupt && read.error().code != ErrorCode::not_found) {
      return false;  // a disk that fails now may answer later: nothing is left out for that, and the next growth of the log asks again
    }
    if (!read) {
      // A damaged or dropped position is named by `invigil-verify`; followers go on after it.
      f.next = read.error().code == ErrorCode::not_found ? std::max(f.next + 1, log_.begin()) : f.next + 1;
      more = true;
    } else {
      RecordHeader header;
      for (const StoredRecord& stored : *read) {
        f.next = stored.position + 1;
        if (!header.ParseFromString(stored.record.header) || !wanted(f, header)) continue;
        append_framed(body, view_of(stored.record));
        records.add_positions(stored.position);
      }
      more = f.next < end;
    }
  }
  const bool caught_up = f.next >= end;
  if (records.positions().empty() && !(caught_up && !f.told_caught_up) && f.next - f.told < kTellProgressEvery) return more;
  records.set_id(f.id);
  records.set_from(f.told);
  records.set_next(f.next);
  records.set_caught_up(caught_up);
  f.told = f.next;
  f.told_caught_up = caught_up;
  --f.credit;
  if (!deliver_(f.peer, encode(message), std::move(body))) stopped = true;
  return more;
}

void FollowServer::run(const std::stop_token& stop) {
  bool busy = false;
  while (!stop.stop_requested()) {
    std::deque<FollowOrder> orders;
    {
      MutexLock lock(mutex_);
      if (!busy) changed_.wait(mutex_, stop, [this]() INVIGIL_REQUIRES(mutex_) { return grown_ || !orders_.empty(); });
      grown_ = false;
      orders.swap(orders_);
    }
    for (FollowOrder& order : orders) apply(std::move(order));
    busy = false;
    bool stopped = false;
    for (Following& f : followings_) {
      busy = serve(f, stopped) || busy;
      if (stopped) return;
    }
  }
}

}  // namespace invigil
