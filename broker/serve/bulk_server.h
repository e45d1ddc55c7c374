#pragma once
// The second connection of every client: objects and last values, on a thread of their own so that they delay no record.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include "broker/bus/socket.h"
#include "broker/bus/wire.h"
#include "broker/gateway/principal_table.h"
#include "broker/objects/object_store.h"
#include "broker/serve/last_values.h"
#include "broker/serve/peer_names.h"
#include "models/time.h"

namespace invigil {

/// Owns its thread; stops with the object, after its context was shut down.
class BulkServer {
 public:
  /// `socket` is bound already. `on_missing(principal, object)`: an agent says it has lost an object; thread-safe.
  BulkServer(BusContext& context, std::unique_ptr<RouterSocket> socket, std::string broker, ObjectStore& objects,
             const PrincipalTable& principals, const Clock& clock, std::function<void(const std::string&, const Hash&)> on_missing);
  ~BulkServer();

 private:
  struct Peer {
    std::shared_ptr<const Principal> principal;
    std::uint64_t generation = 0;
    bool hello = false;
    std::set<std::string> prefixes;
  };
  void run();
  void on_message(const ReceivedMessage& message);
  void refresh_rights(PeerId id, Peer& peer);
  void on_hello(PeerId id, Peer& peer, const Hello& hello);
  void on_put(PeerId id, const Peer& peer, const ObjectPut& put, std::string_view bytes);
  void on_get(PeerId id, const Peer& peer, const ObjectGet& get);
  void on_publish(const Peer& peer, const Publish& publish, std::string_view bytes);
  void on_subscribe(PeerId id, Peer& peer, const std::string& prefix);
  void send(PeerId id, const FromBroker& message, std::string_view body = {}, bool with_body = false);
  void send_value(PeerId id, const std::string& topic, const LastValues::Value& value);
  void refuse(PeerId id, const Error& error);
  void forget(PeerId id);

  BusContext& context_;
  std::unique_ptr<RouterSocket> socket_;
  const std::string broker_;
  ObjectStore& objects_;
  const PrincipalTable& principals_;
  const Clock& clock_;
  const std::function<void(const std::string&, const Hash&)> on_missing_;
  PeerNames names_{1};
  std::map<PeerId, Peer> peers_;
  LastValues values_;
  std::jthread thread_;
};

}  // namespace invigil
