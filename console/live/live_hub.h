#pragma once
// Pushes to open pages: what the index just learned, and snapshots, each page only what its person may see.

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "broker/bus/broker_client.h"
#include "broker/platform/http/server.h"
#include "console/auth/accounts.h"
#include "console/index/index.h"
#include "console/live/last_told.h"
#include "console/live/push.h"
#include "models/sync.h"
#include "models/time.h"

namespace invigil {

/// Thread-safe. One thread turns changes into frames, another makes what is slow; peers' sends never block.
class LiveHub {
 public:
  LiveHub(Accounts& accounts, IndexReaders& readers, const Clock& clock, LiveTable table);
  ~LiveHub();

  /// From the index feed: merged with what waits, built and sent on the hub's thread.
  void changed(const IndexChanges& changes);
  /// From the last-value channel: what a module hears (LiveTable::hearings).
  void heard(const LastValue& value);
  const LastTold& told() const { return told_; }
  /// From the last-value channel, topic "snapshot/<centre>/<room>/<camera>".
  void snapshot(const LastValue& value);
  /// Looks now, not at the next turn, whether every page's log-in still stands.
  void check_logins();

  /// What /v1/live does.
  WebSocketHandler handler();

 private:
  struct Page {
    User person;
    std::string token;
    bool all_rooms = false;
    std::set<std::string, std::less<>> rooms;  ///< "centre/room"
  };
  struct Picture {
    std::string frame;
    std::string centre, room;  ///< room as "centre/room"
    std::int64_t at_us = 0;
  };
  using Peer = std::shared_ptr<WebSocketPeer>;

  void run(const std::stop_token& stop);
  void run_slow(const std::stop_token& stop);
  using Waiting = std::map<std::string, std::vector<std::string>, std::less<>>;  ///< keys by topic
  void send_changes(const Waiting& changes, bool slow);
  void send(const PushFrame& frame);
  void opened(const Peer& peer);
  void said(const Peer& peer, std::string_view text);
  void drop_stale_logins();
  bool wants(const Page& page, const Picture& picture) const;

  Accounts& accounts_;
  IndexReaders& readers_;
  const Clock& clock_;
  const LiveTable table_;
  Mutex mutex_;
  std::condition_variable_any wake_;
  Waiting waiting_ INVIGIL_GUARDED_BY(mutex_);  ///< merged: a busy hub tells the newest state once
  std::condition_variable_any slow_due_;
  Waiting slowly_ INVIGIL_GUARDED_BY(mutex_);  ///< the same for slow pushes
  bool check_now_ INVIGIL_GUARDED_BY(mutex_) = false;
  LastTold told_;  ///< has a lock of its own
  std::map<Peer, Page> pages_ INVIGIL_GUARDED_BY(mutex_);
  std::map<std::string, Picture, std::less<>> pictures_ INVIGIL_GUARDED_BY(mutex_);  ///< newest of each camera
  std::jthread
      slow_;  ///< apart, and not at every change: the summary of a session reads all seats and cameras, and no flag may wait for that
  std::jthread thread_;  ///< last: stops first
};

/// A snapshot as a page gets it: [1][n][n bytes key][8 bytes big-endian µs][JPEG].
std::string snapshot_frame(std::string_view key, std::int64_t at_us, std::string_view jpeg);

}  // namespace invigil
