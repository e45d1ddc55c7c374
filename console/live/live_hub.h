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
#include "console/live/answer_board.h"
#include "models/sync.h"
#include "models/time.h"

namespace invigil {

/// Thread-safe. One thread turns changes into frames, another makes summaries of sessions; peers' sends never block.
class LiveHub {
 public:
  LiveHub(Accounts& accounts, IndexReaders& readers, const Clock& clock);
  ~LiveHub();

  /// From the index feed: merged with what waits, built and sent on the hub's thread.
  void changed(const IndexChanges& changes);
  /// From the last-value channel, topic "answers/<centre>/<room>": figures of a working room's answers, for who may read incidents there.
  void answers(const LastValue& value);
  const AnswerBoard& answers() const { return answers_; }
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
  void run_summaries(const std::stop_token& stop);
  void send_changes(const IndexChanges& changes);
  void send_summaries(const std::set<std::string>& sessions);
  void send(std::string_view centre, Action action, const std::string& text);
  void opened(const Peer& peer);
  void told(const Peer& peer, std::string_view text);
  void drop_stale_logins();
  static bool wants(const Page& page, const Picture& picture);

  Accounts& accounts_;
  IndexReaders& readers_;
  const Clock& clock_;
  Mutex mutex_;
  std::condition_variable_any wake_;
  IndexChanges waiting_ INVIGIL_GUARDED_BY(mutex_);  ///< merged: a busy hub tells the newest state once
  std::condition_variable_any summaries_due_;
  std::set<std::string> unsummed_ INVIGIL_GUARDED_BY(mutex_);  ///< sessions whose summary is to be sent
  bool check_now_ INVIGIL_GUARDED_BY(mutex_) = false;
  AnswerBoard answers_;  ///< has a lock of its own
  std::map<Peer, Page> pages_ INVIGIL_GUARDED_BY(mutex_);
  std::map<std::string, Picture, std::less<>> pictures_ INVIGIL_GUARDED_BY(mutex_);  ///< newest of each camera
  std::jthread summaries_;  ///< apart, and not at every change: a summary reads all seats and cameras, and no flag may wait for that
  std::jthread thread_;     ///< last: stops first
};

/// A snapshot as a page gets it: [1][n][n bytes key][8 bytes big-endian µs][JPEG].
std::string snapshot_frame(std::string_view key, std::int64_t at_us, std::string_view jpeg);

}  // namespace invigil
