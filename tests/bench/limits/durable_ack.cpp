// Limit program: N CURVE DEALERs → one ROUTER thread that appends what arrived (length + CRC-32C), one fdatasync a batch, and then
// acknowledges cumulatively. No parsing, no deduplication, no hashing: what an honest server does more is its price.
//   durable_ack --dir DIR [--clients 30] [--frames 20000] [--window 256] [--size 200] [--record-per-frame 1] [--rate 0]
// --rate: frames a second for each client, 0 = as fast as it goes. One JSON line: records a second, or with --rate the p99 of
// the acknowledgement in milliseconds; both stand in it.

#include <fcntl.h>
#include <nmmintrin.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/bench/limits/measure.h"

using namespace invigil::limits;

namespace {

constexpr std::size_t kFileBytes = std::size_t{256} << 20;
constexpr long kBatchFrames = 4096;
char server_public[41], server_secret[41], client_public[41], client_secret[41];

__attribute__((target("sse4.2"))) std::uint32_t crc32c(const char* data, std::size_t size) {
  std::uint64_t crc = 0xffffffff;
  for (; size >= 8; size -= 8, data += 8) {
    std::uint64_t word;
    std::memcpy(&word, data, 8);
    crc = _mm_crc32_u64(crc, word);
  }
  for (; size > 0; --size, ++data) crc = _mm_crc32_u8(static_cast<std::uint32_t>(crc), static_cast<unsigned char>(*data));
  return ~static_cast<std::uint32_t>(crc);
}

struct Client {
  void* socket = nullptr;
  long sent = 0, acked = 0;
  std::vector<double> sent_at;
};

struct Load {
  int clients;
  long frames, window;
  std::size_t size;
  double per_frame, rate;
};

void run_clients(const char* endpoint, const Load& load) {
  void* context = zmq_ctx_new();
  zmq_ctx_set(context, ZMQ_MAX_SOCKETS, load.clients + 16);
  const int high_water = 100000, linger = 0;
  std::vector<Client> clients(static_cast<std::size_t>(load.clients));
  std::vector<zmq_pollitem_t> items;
  std::vector<char> buffer(std::max<std::size_t>(load.size, 16), 'x');
  for (Client& c : clients) {
    c.socket = zmq_socket(context, ZMQ_DEALER);
    c.sent_at.resize(static_cast<std::size_t>(load.frames));
    zmq_setsockopt(c.socket, ZMQ_SNDHWM, &high_water, sizeof high_water);
    zmq_setsockopt(c.socket, ZMQ_LINGER, &linger, sizeof linger);
    zmq_setsockopt(c.socket, ZMQ_CURVE_SERVERKEY, server_public, 41);
    zmq_setsockopt(c.socket, ZMQ_CURVE_PUBLICKEY, client_public, 41);
    zmq_setsockopt(c.socket, ZMQ_CURVE_SECRETKEY, client_secret, 41);
    zmq_connect(c.socket, endpoint);
    zmq_send(c.socket, "hello", 5, 0);
    items.push_back({c.socket, 0, ZMQ_POLLIN, 0});
  }
  for (Client& c : clients) zmq_recv(c.socket, buffer.data(), 8, 0);
  std::vector<double> latency_ms;
  const double begun = now_s();
  for (long done = 0; done < load.frames * load.clients;) {
    const double at = now_s();
    bool busy = false;
    for (std::size_t i = 0; i < clients.size(); ++i) {
      Client& c = clients[i];
      const long due =
          load.rate > 0 ? std::min<long>(load.frames, static_cast<long>((at - begun) * load.rate + static_cast<double>(i) / load.clients))
                        : load.frames;
      for (int burst = 0; burst < 32 && c.sent < due && c.sent - c.acked < load.window; ++burst, busy = true) {
        std::memcpy(buffer.data(), &c.sent, sizeof c.sent);
        c.sent_at[static_cast<std::size_t>(c.sent++)] = now_s();
        zmq_send(c.socket, buffer.data(), load.size, 0);
      }
    }
    zmq_poll(items.data(), static_cast<int>(items.size()), busy ? 0 : 1);
    for (std::size_t i = 0; i < clients.size(); ++i)
      if (items[i].revents & ZMQ_POLLIN)
        for (long high; zmq_recv(clients[i].socket, &high, sizeof high, ZMQ_DONTWAIT) == sizeof high;) {
          const double got = now_s();
          for (; clients[i].acked <= high; ++done)
            latency_ms.push_back((got - clients[i].sent_at[static_cast<std::size_t>(clients[i].acked++)]) * 1e3);
        }
  }
  const double rate = static_cast<double>(load.frames * load.clients) * load.per_frame / (now_s() - begun);
  const double p99 = quantile(latency_ms, 0.99);
  const std::string more = ",\"records_per_s\":" + std::to_string(rate) + ",\"ack_p50_ms\":" + std::to_string(quantile(latency_ms, 0.5)) +
                           ",\"ack_p99_ms\":" + std::to_string(p99);
  if (load.rate > 0)
    report(p99, "ms", more);
  else
    report(rate, "records/s", more);
  std::fflush(stdout);
  _exit(0);
}

}  // namespace

int main(int argc, char** argv) {
  std::string folder = ".";
  for (int i = 1; i + 1 < argc; ++i)
    if (std::strcmp(argv[i], "--dir") == 0) folder = argv[i + 1];
  const Load load{static_cast<int>(option(argc, argv, "clients", 30)),
                  static_cast<long>(option(argc, argv, "frames", 20000)),
                  static_cast<long>(option(argc, argv, "window", 256)),
                  static_cast<std::size_t>(option(argc, argv, "size", 200)),
                  option(argc, argv, "record-per-frame", 1),
                  option(argc, argv, "rate", 0)};
  if (zmq_curve_keypair(server_public, server_secret) != 0 || zmq_curve_keypair(client_public, client_secret) != 0) return 1;
  int channel[2];
  if (pipe(channel) != 0) return 1;
  const pid_t child = fork();
  if (child == 0) {
    char endpoint[256] = {};
    if (read(channel[0], endpoint, sizeof endpoint - 1) > 0) run_clients(endpoint, load);
    _exit(1);
  }
  const std::string file = folder + "/durable_ack.log";
  const int fd = open(file.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
  if (fd < 0) return std::perror(file.c_str()), 1;
  // Preallocated and written once, so that no later fdatasync pays for metadata.
  const std::vector<char> zeros(std::size_t{8} << 20);
  const std::size_t needed = std::min(kFileBytes, static_cast<std::size_t>(load.frames * load.clients) * (load.size + 8) + zeros.size());
  for (std::size_t at = 0; at < needed; at += zeros.size())
    if (pwrite(fd, zeros.data(), zeros.size(), static_cast<off_t>(at)) < 0) return std::perror("pwrite"), 1;
  fsync(fd);
  void* context = zmq_ctx_new();
  void* socket = zmq_socket(context, ZMQ_ROUTER);
  const int yes = 1, high_water = 100000, backlog = 4096;
  zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &yes, sizeof yes);
  zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, server_secret, 41);
  zmq_setsockopt(socket, ZMQ_RCVHWM, &high_water, sizeof high_water);
  zmq_setsockopt(socket, ZMQ_BACKLOG, &backlog, sizeof backlog);
  zmq_bind(socket, "tcp://127.0.0.1:*");
  char endpoint[256];
  std::size_t length = sizeof endpoint;
  zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, endpoint, &length);
  if (write(channel[1], endpoint, length) < 0) return 1;
  zmq_msg_t identity, message;
  zmq_msg_init(&identity);
  zmq_msg_init(&message);
  std::vector<char> batch;
  std::unordered_map<std::string, long> high;
  std::size_t offset = 0;
  // Stops when its clients have said what they measured; the longest run allowed ends a wait for a client that died.
  int status = 0;
  const int patience_ms = 200;
  zmq_setsockopt(socket, ZMQ_RCVTIMEO, &patience_ms, sizeof patience_ms);
  while (waitpid(child, &status, WNOHANG) == 0) {
    batch.clear();
    high.clear();
    for (long taken = 0; taken < kBatchFrames; ++taken) {
      if (zmq_msg_recv(&identity, socket, taken == 0 ? 0 : ZMQ_DONTWAIT) < 0) break;
      zmq_msg_recv(&message, socket, 0);
      const auto* data = static_cast<const char*>(zmq_msg_data(&message));
      const std::size_t size = zmq_msg_size(&message);
      std::string who(static_cast<const char*>(zmq_msg_data(&identity)), zmq_msg_size(&identity));
      if (size == 5) {
        high[std::move(who)] = -1;
        continue;
      }
      const std::uint32_t head[2] = {static_cast<std::uint32_t>(size), crc32c(data, size)};
      batch.insert(batch.end(), reinterpret_cast<const char*>(head), reinterpret_cast<const char*>(head) + sizeof head);
      batch.insert(batch.end(), data, data + size);
      std::memcpy(&high[std::move(who)], data, sizeof(long));
    }
    if (!batch.empty()) {
      if (offset + batch.size() > kFileBytes) offset = 0;
      if (pwrite(fd, batch.data(), batch.size(), static_cast<off_t>(offset)) < 0 || fdatasync(fd) != 0) return std::perror("write"), 1;
      offset += batch.size();
    }
    for (const auto& [who, seq] : high) {
      zmq_send(socket, who.data(), who.size(), ZMQ_SNDMORE);
      zmq_send(socket, &seq, sizeof seq, 0);
    }
  }
  unlink(file.c_str());
  _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}
