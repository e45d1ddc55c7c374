// Benchmark: how many events a second a broker accepts — encrypted, parsed, authorised, deduplicated, hashed, in the tree,
// fdatasync'd, acknowledged. Agents send records sealed beforehand, as the limit programs send bytes made beforehand.
//   event_ingest --dir DIR [--agents 30] [--records 300000] [--per-frame 1] [--window FRAMES] [--size 200]
// One JSON line: {"value": events a second, "frame_bytes": mean frame, "p50_ms", "p99_ms": from send to ack}.

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "broker/bus/client_config.h"
#include "broker/bus/socket.h"
#include "broker/bus/wire.h"
#include "broker/custody/stream_writer.h"
#include "broker/serve/broker_server.h"

using namespace invigil;

namespace {

double seconds_now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

long option(int argc, char** argv, const std::string& name, long fallback) {
  for (int i = 1; i + 1 < argc; ++i)
    if (argv[i] == "--" + name) return std::atol(argv[i + 1]);
  return fallback;
}

std::string text_option(int argc, char** argv, const std::string& name, const std::string& fallback) {
  for (int i = 1; i + 1 < argc; ++i)
    if (argv[i] == "--" + name) return argv[i + 1];
  return fallback;
}

template <class T>
T must(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "event_ingest: %s\n", result.error().message.c_str());
    std::exit(1);
  }
  return std::move(*result);
}

/// The server's process: serves until it is told to end.
[[noreturn]] void serve(const std::filesystem::path& data, int tell, int told) {
  const SystemClock clock;
  BrokerServerOptions options;
  options.data = data;
  options.name = "b1";
  auto broker = must(BrokerServer::start(options, clock));
  const std::string text = broker->endpoint() + " " + to_hex(broker->public_key()) + "\n";
  if (write(tell, text.data(), text.size()) < 0) _exit(1);
  char end = 0;
  [[maybe_unused]] const auto got = read(told, &end, 1);
  broker.reset();
  _exit(0);
}

struct Agent {
  BrokerAddress address;
  std::unique_ptr<SigningKey> signing;
  std::unique_ptr<DealerSocket> socket;
  std::vector<std::string> frames;
  std::vector<std::uint64_t> last_seq;  // of each frame
  std::vector<double> sent_at;
  std::size_t sent = 0, acked = 0;
};

Agent make_agent(const std::filesystem::path& data, const std::string& endpoint, const std::string& key, int number, long records,
                 long per_frame, std::size_t size) {
  Agent agent;
  const std::string id = "agent" + std::to_string(number);
  AdminRequest request;
  request.mutable_token()->set_role(AGENT);
  request.mutable_token()->set_principal(id);
  request.mutable_token()->set_centre("c1");
  const AdminAnswer token = must(ask_admin(data, request));
  agent.address = {endpoint, key, id, generate_curve_keys()};
  agent.signing = std::make_unique<SigningKey>(SigningKey::generate());
  must(enrol({must(neighbour_endpoint(endpoint, 2)), key, token.token(), agent.address.keys.public_key, agent.address.keys.secret_key,
              agent.signing->public_key()}));
  StreamWriter writer(seat_stream("c1", "s1", std::to_string(number)), {}, *agent.signing, random_bytes(16));
  writer.set_nonce(random_bytes(32));
  const std::string payload(size, 'x');
  std::string frame;
  for (long n = 0; n < records; ++n) {
    const SealedRecord record = writer.seal(TEST_EVENT, {{n}, {n}, n}, payload);
    if (frame.empty()) frame.push_back(kDataFrame);
    append_framed(frame, view_of(record.record));
    if ((n + 1) % per_frame != 0 && n + 1 < records) continue;
    agent.frames.push_back(std::exchange(frame, {}));
    agent.last_seq.push_back(record.seq);
  }
  agent.sent_at.resize(agent.frames.size());
  return agent;
}

void take_acks(Agent& agent, std::vector<double>& latencies) {
  Frame frame;
  std::optional<Frame> body;
  while (agent.socket->receive(frame, body)) {
    const FromBroker message = must(decode_from_broker(frame.view()));
    if (message.has_nack() || message.has_refused()) {
      std::fprintf(stderr, "event_ingest: refused: %s\n", message.ShortDebugString().c_str());
      std::exit(1);
    }
    const double now = seconds_now();
    for (const StreamHigh& high : message.ack().streams())
      while (agent.acked < agent.sent && agent.last_seq[agent.acked] <= high.seq()) latencies.push_back(now - agent.sent_at[agent.acked++]);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const long agents = option(argc, argv, "agents", 30), per_frame = option(argc, argv, "per-frame", 1);
  const long records = option(argc, argv, "records", 300000) / agents;
  const auto window = static_cast<std::size_t>(option(argc, argv, "window", per_frame == 1 ? 256 : 16));
  const auto size = static_cast<std::size_t>(option(argc, argv, "size", 200));
  std::string folder = text_option(argc, argv, "dir", ".") + "/event_ingest-XXXXXX";
  if (!mkdtemp(folder.data())) return 1;
  const std::filesystem::path data = std::filesystem::path(folder) / "broker";
  int up[2], down[2];
  if (pipe(up) != 0 || pipe(down) != 0) return 1;
  const pid_t server = fork();
  if (server == 0) serve(data, up[1], down[0]);
  char text[512] = {};
  if (read(up[0], text, sizeof text - 1) <= 0) return 1;
  const std::string line = text;
  const std::string endpoint = line.substr(0, line.find(' '));
  const std::string key = must(from_hex(line.substr(line.find(' ') + 1, 64)));

  std::vector<Agent> all;
  BusContext context(512);
  std::vector<void*> sockets;
  for (int i = 0; i < agents; ++i) all.push_back(make_agent(data, endpoint, key, i, records, per_frame, size));
  for (Agent& agent : all) {
    agent.socket = must(DealerSocket::connect(context, {endpoint, key, agent.address.keys, 64 << 20, 100'000}));
    ToBroker hello;
    hello.mutable_hello()->set_schema_version(kWireVersion);
    hello.mutable_hello()->set_principal(agent.address.principal);
    agent.socket->send(encode(hello));
    sockets.push_back(agent.socket->handle());
  }
  for (Agent& agent : all) {
    const std::array<void*, 1> one{agent.socket->handle()};
    Frame frame;
    std::optional<Frame> body;
    while (!agent.socket->receive(frame, body)) wait_for_any(one, nullptr, 1000);
  }

  std::vector<double> latencies;
  latencies.reserve(all.size() * all[0].frames.size());
  const double start = seconds_now();
  std::size_t done = 0;
  std::uint64_t bytes = 0, frames = 0;
  while (done < all.size()) {
    bool busy = false;
    for (Agent& agent : all) {
      for (int n = 0; n < 32 && agent.sent < agent.frames.size() && agent.sent - agent.acked < window; ++n) {
        agent.sent_at[agent.sent] = seconds_now();
        if (agent.socket->send(agent.frames[agent.sent]) != SendOutcome::sent) break;
        bytes += agent.frames[agent.sent++].size();
        ++frames;
        busy = true;
      }
    }
    if (!busy) wait_for_any(std::span<void* const>(sockets.data(), std::min<std::size_t>(sockets.size(), 60)), nullptr, 10);
    done = 0;
    for (Agent& agent : all) {
      take_acks(agent, latencies);
      done += agent.acked == agent.frames.size() ? 1 : 0;
    }
  }
  const double took = seconds_now() - start;
  all.clear();
  if (write(down[1], "e", 1) < 0) return 1;
  int status = 0;
  waitpid(server, &status, 0);
  std::sort(latencies.begin(), latencies.end());
  const auto percentile = [&](double p) {
    return latencies[static_cast<std::size_t>(p * static_cast<double>(latencies.size() - 1))] * 1e3;
  };
  std::printf(
      "{\"value\": %.0f, \"unit\": \"events/s\", \"agents\": %ld, \"per_frame\": %ld, \"frame_bytes\": %llu, \"p50_ms\": %.2f, \"p99_ms\": "
      "%.2f}\n",
      static_cast<double>(records * agents) / took, agents, per_frame, static_cast<unsigned long long>(bytes / frames), percentile(0.5),
      percentile(0.99));
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  return 0;
}
