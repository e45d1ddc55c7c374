#pragma once
// A whole broker over one data folder: log, objects, keys, gateway, followers, bulk; what `invigil-broker` runs.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "broker/gateway/gateway_core.h"
#include "models/result.h"
#include "models/time.h"

namespace invigil {

struct BrokerServerOptions {
  std::filesystem::path data;
  std::string name = "broker";        ///< its id; the log keeps it for ever
  std::string address = "127.0.0.1";  ///< to listen on
  std::uint16_t port = 0;             ///< P; P+1 and P+2 are used too. 0 = any three free neighbours
  std::uint64_t segment_bytes = 64ull << 20;
  std::uint64_t reserve_bytes = 256ull << 20;  ///< kept free on the disk
  Micros checkpoint_every = seconds(60);
  std::string version;
  /// Called once or more, on a thread of the broker's, when its log takes nothing any more (a failed fdatasync): end the program.
  std::function<void(const std::string& why)> failed = {};
};

/// Owns all threads; stops with the object, after the batch under way is durable.
class BrokerServer {
 public:
  /// `conflict`: another broker has this data. `unavailable`: port in use. Both name what to do.
  static Result<std::unique_ptr<BrokerServer>> start(BrokerServerOptions options, const Clock& clock);
  virtual ~BrokerServer() = default;
  /// "tcp://127.0.0.1:7411", with the real port.
  virtual std::string endpoint() const = 0;
  virtual std::string public_key() const = 0;  ///< CURVE, 32 bytes
};

/// The administrator's socket of the broker that runs on `data`.
std::string admin_endpoint(const std::filesystem::path& data);
/// Asks a running broker. `unavailable` when none runs there.
Result<AdminAnswer> ask_admin(const std::filesystem::path& data, const AdminRequest& request);

/// The broker's CURVE public key, made with its keys when there are none.
Result<std::string> broker_public_key(const std::filesystem::path& data);
/// The key its heads and checkpoints are signed with (32 bytes): what `invigil-verify --public-key` wants.
Result<std::string> broker_signing_public_key(const std::filesystem::path& data);

}  // namespace invigil
