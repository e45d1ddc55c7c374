#pragma once
// Drives the gateway core: sockets in, batches to the commit thread, answers out.

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "broker/bus/socket.h"
#include "broker/gateway/gateway_core.h"
#include "broker/serve/commit_thread.h"
#include "broker/serve/follow_server.h"
#include "broker/serve/peer_names.h"
#include "models/sync.h"
#include "models/time.h"

namespace invigil {

/// The sockets a gateway listens on, bound already.
struct GatewaySockets {
  std::unique_ptr<RouterSocket> records;
  std::unique_ptr<RouterSocket> enrolment;
  std::unique_ptr<RouterSocket> admin;
};

/// Owns its thread; stops with the object.
class GatewayThread {
 public:
  GatewayThread(GatewaySockets sockets, std::unique_ptr<GatewayCore> core, EventLog& log, MerkleTree& tree, const Clock& clock,
                std::string endpoint, std::function<void(const std::string&)> failed = {});
  ~GatewayThread();
  /// From any thread.
  void post(GatewayInput input);

 private:
  struct FollowFrame {
    PeerId peer = 0;
    std::string frame;
    std::string body;
  };
  void run();
  void read_records();
  void read_others(RouterSocket& socket, bool enrolment);
  void carry_out();
  void send(PeerNames& names, RouterSocket& socket, PeerId peer, std::string_view frame, std::string_view body, bool with_body);
  void housekeeping(std::int64_t mono_us);

  GatewaySockets sockets_;
  std::unique_ptr<GatewayCore> core_;
  const Clock& clock_;
  const std::string endpoint_;
  Waker waker_;
  Mutex mutex_;
  std::deque<GatewayInput> posted_ INVIGIL_GUARDED_BY(mutex_);
  std::atomic<bool> posted_any_{false};
  BoundedQueue<FollowFrame> follow_frames_{64};

  // the thread's own
  PeerNames record_peers_{1};
  PeerNames enrolment_peers_{1'000'000'000'000};
  PeerNames admin_peers_{2'000'000'000'000};
  GatewayOutputs out_;
  std::vector<ReceivedMessage> frames_;  // that hold records gathered for the next batch
  std::int64_t ticked_us_ = 0, swept_us_ = 0;
  Now now_;
  std::vector<PeerId> lost_;

  std::unique_ptr<CommitThread> commits_;
  std::unique_ptr<FollowServer> followers_;
  std::stop_source stopping_;
  std::jthread thread_;
};

}  // namespace invigil
