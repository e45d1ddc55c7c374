// storm_main: many enrolled agents in one process that all connect within a few seconds, and again whenever the broker comes back.
//   storm_main --data BROKER-DATA --endpoint tcp://… --key HEX --agents 1000 --within-ms 10000 --seed 1 [--silent 0]
// First enrols them all. Then, each time all have their RESUME and the durable answer to one record each, a JSON line:
// {"round","agents","last_connect_s","last_resume_s","last_answer_s"}, seconds since the first connect (later rounds: since the first
// loss). Ends when its standard input ends. --silent N: the planted defect, N agents never connect.
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "broker/bus/broker_client.h"
#include "broker/bus/client_config.h"
#include "broker/bus/link.h"
#include "broker/custody/stream_writer.h"
#include "broker/serve/broker_server.h"

namespace {

using namespace invigil;

std::string option(int argc, char** argv, const std::string& name, const std::string& fallback) {
  for (int i = 1; i + 1 < argc; ++i)
    if (argv[i] == "--" + name) return argv[i + 1];
  return fallback;
}

template <class T>
T must(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "storm_main: %s\n", result.error().message.c_str());
    std::exit(1);
  }
  return std::move(*result);
}

struct StormAgent {
  std::unique_ptr<SigningKey> signing;
  std::unique_ptr<StreamWriter> writer;
  std::unique_ptr<Link> link;
  std::int64_t connect_at_us = 0;  // of the first round
  std::int64_t resumed_us = 0, answered_us = 0;
  std::uint64_t ups = 0, request = 0;
  std::string pending;  // one framed record, until its durable answer
};

StormAgent make_agent(BusContext& context, const std::string& data, const std::string& endpoint, const std::string& key, int number,
                      std::uint64_t seed) {
  StormAgent agent;
  const std::string id = "storm" + std::to_string(number);
  AdminRequest request;
  request.set_by("storm");
  request.mutable_token()->set_role(AGENT);
  request.mutable_token()->set_principal(id);
  request.mutable_token()->set_centre("storm");
  const AdminAnswer token = must(ask_admin(data, request));
  const CurveKeys keys = generate_curve_keys();
  agent.signing = std::make_unique<SigningKey>(SigningKey::generate());
  must(enrol({must(neighbour_endpoint(endpoint, 2)), key, token.token(), keys.public_key, keys.secret_key, agent.signing->public_key()}));
  agent.writer =
      std::make_unique<StreamWriter>(seat_stream("storm", "s1", std::to_string(number)), StreamTip{}, *agent.signing, random_bytes(16));
  Link::Options options;
  options.socket.endpoint = endpoint;
  options.socket.server_public_key = key;
  options.socket.keys = keys;
  options.socket.max_message_bytes = 1 << 20;
  options.principal = id;
  options.program = "storm_main";
  options.seed = seed * 1000003 + static_cast<std::uint64_t>(number) + 1;
  agent.link = std::make_unique<Link>(context, options);
  return agent;
}

void send_one(StormAgent& agent, Now now) {
  if (agent.pending.empty()) {
    const SealedRecord record = agent.writer->seal(TEST_EVENT, {now.wall, now.wall, now.mono_us}, "storm");
    append_framed(agent.pending, view_of(record.record));
  }
  ToBroker message;
  message.mutable_append()->set_request(++agent.request);
  agent.link->send(message, agent.pending, true);
}

/// Lets one agent do what is due. True when it has its answer in this round.
bool advance(StormAgent& agent, Now now) {
  agent.link->tick(now);
  FromBroker message;
  std::optional<Frame> body;
  while (agent.link->receive(now, message, body)) {
    if (!message.has_appended() || message.appended().request() != agent.request) continue;
    if (message.appended().has_failure()) {
      std::fprintf(stderr, "storm_main: %s\n", message.appended().failure().text().c_str());
      continue;
    }
    agent.answered_us = now.mono_us;
    agent.pending.clear();
  }
  if (agent.link->up() && agent.link->ups() != agent.ups) {
    agent.ups = agent.link->ups();
    agent.resumed_us = now.mono_us;
    agent.answered_us = 0;
    send_one(agent, now);
  }
  return agent.link->up() && agent.answered_us != 0;
}

bool input_ended() {
  pollfd in{STDIN_FILENO, POLLIN, 0};
  char byte = 0;
  return poll(&in, 1, 0) > 0 && read(STDIN_FILENO, &byte, 1) <= 0;
}

}  // namespace

int main(int argc, char** argv) {
  rlimit descriptors{};
  getrlimit(RLIMIT_NOFILE, &descriptors);
  descriptors.rlim_cur = descriptors.rlim_max;
  setrlimit(RLIMIT_NOFILE, &descriptors);
  const std::string data = option(argc, argv, "data", "");
  const std::string endpoint = option(argc, argv, "endpoint", "");
  const std::string key = must(from_hex(option(argc, argv, "key", "")));
  const int count = std::atoi(option(argc, argv, "agents", "1000").c_str());
  const int silent = std::atoi(option(argc, argv, "silent", "0").c_str());
  const std::int64_t within_us = std::atoll(option(argc, argv, "within-ms", "10000").c_str()) * 1000;
  const std::uint64_t seed = std::strtoull(option(argc, argv, "seed", "1").c_str(), nullptr, 10);
  const SystemClock clock;
  BusContext context(8192);
  std::mt19937_64 random(seed);
  std::vector<StormAgent> agents;
  for (int i = 0; i < count; ++i) agents.push_back(make_agent(context, data, endpoint, key, i, seed));
  std::printf("{\"enrolled\": %d}\n", count);
  std::fflush(stdout);

  std::int64_t begun = clock.mono_us();
  std::int64_t last_connect = begun;
  for (StormAgent& agent : agents) {
    agent.connect_at_us = begun + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(within_us + 1));
    last_connect = std::max(last_connect, agent.connect_at_us);
  }
  int round = 0;
  bool complete = false;
  while (!input_ended()) {
    int ready = 0;
    void* handle = nullptr;
    for (int i = 0; i < count - silent; ++i) {
      StormAgent& agent = agents[static_cast<std::size_t>(i)];
      const Now now = now_of(clock);
      if (now.mono_us < agent.connect_at_us) continue;
      ready += advance(agent, now) ? 1 : 0;
      if (handle == nullptr) handle = agent.link->handle();
    }
    if (!complete && ready == count) {
      complete = true;
      std::int64_t resumed = 0, answered = 0;
      for (const StormAgent& agent : agents) {
        resumed = std::max(resumed, agent.resumed_us);
        answered = std::max(answered, agent.answered_us);
      }
      const auto seconds = [&](std::int64_t at) { return static_cast<double>(at - begun) / 1e6; };
      std::printf("{\"round\": %d, \"agents\": %d, \"last_connect_s\": %.3f, \"last_resume_s\": %.3f, \"last_answer_s\": %.3f}\n", ++round,
                  count, seconds(last_connect), seconds(resumed), seconds(answered));
      std::fflush(stdout);
    } else if (complete && ready < count) {
      complete = false;
      begun = last_connect = clock.mono_us();
      std::printf("{\"lost\": %d}\n", count - ready);
      std::fflush(stdout);
    }
    const auto handles = std::span<void* const>(&handle, handle ? 1 : 0);
    wait_for_any(handles, nullptr, 5);
  }
}
