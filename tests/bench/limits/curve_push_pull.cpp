// Limit program: bare ZeroMQ CURVE PUSH → PULL over loopback between two processes. No parsing, no disk, no answer.
//   curve_push_pull [--size 200] [--records 400000] [--record-per-frame 1]
// One JSON line: records a second at the receiver.

#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include <cstdlib>
#include <vector>

#include "tests/bench/limits/measure.h"

using namespace invigil::limits;

namespace {

struct Keys {
  char server_public[41], server_secret[41], client_public[41], client_secret[41];
};

int send_all(const Keys& keys, const char* endpoint, std::size_t size, long count) {
  void* context = zmq_ctx_new();
  void* socket = zmq_socket(context, ZMQ_PUSH);
  const int high_water = 20000, linger = 30000;
  zmq_setsockopt(socket, ZMQ_SNDHWM, &high_water, sizeof high_water);
  zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger);
  zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, keys.server_public, 41);
  zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, keys.client_public, 41);
  zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, keys.client_secret, 41);
  if (zmq_connect(socket, endpoint) != 0) return 1;
  const std::vector<char> message(size, 'x');
  for (long i = 0; i < count; ++i)
    if (zmq_send(socket, message.data(), size, 0) < 0) return 1;
  zmq_close(socket);
  zmq_ctx_term(context);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const auto size = static_cast<std::size_t>(option(argc, argv, "size", 200));
  const double per_frame = option(argc, argv, "record-per-frame", 1);
  const long count = static_cast<long>(option(argc, argv, "records", 400000) / per_frame);
  Keys keys;
  if (zmq_curve_keypair(keys.server_public, keys.server_secret) != 0 || zmq_curve_keypair(keys.client_public, keys.client_secret) != 0)
    return 1;
  int channel[2];
  if (pipe(channel) != 0) return 1;
  const pid_t sender = fork();
  if (sender == 0) {
    char endpoint[256] = {};
    if (read(channel[0], endpoint, sizeof endpoint - 1) <= 0) _exit(1);
    _exit(send_all(keys, endpoint, size, count));
  }
  void* context = zmq_ctx_new();
  void* socket = zmq_socket(context, ZMQ_PULL);
  const int high_water = 20000, yes = 1;
  zmq_setsockopt(socket, ZMQ_RCVHWM, &high_water, sizeof high_water);
  zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &yes, sizeof yes);
  zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, keys.server_secret, 41);
  if (zmq_bind(socket, "tcp://127.0.0.1:*") != 0) return 1;
  char endpoint[256];
  std::size_t length = sizeof endpoint;
  zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, endpoint, &length);
  if (write(channel[1], endpoint, length) < 0) return 1;
  zmq_msg_t message;
  zmq_msg_init(&message);
  double begun = 0;
  for (long i = 0; i < count; ++i) {
    if (zmq_msg_recv(&message, socket, 0) < 0) return 1;
    if (i == 0) begun = now_s();
  }
  const double took = now_s() - begun;
  int status = 0;
  waitpid(sender, &status, 0);
  report(static_cast<double>(count) * per_frame / took, "records/s");
  std::fflush(stdout);
  _exit(status == 0 ? 0 : 1);
}
