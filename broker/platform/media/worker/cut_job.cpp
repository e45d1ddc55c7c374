#include <algorithm>
#include <cstring>
#include <utility>

#include "broker/platform/media/worker/cut.h"
#include "broker/platform/media/worker/jobs.h"
#include "broker/platform/media/worker/sandbox.h"

namespace invigil::media {
namespace {

constexpr int kCpuSeconds = 120;

}  // namespace

int run_cut(Channel& channel) {
  if (auto r = enter_sandbox(Powers::files, {6 * kGibibyte}); !r) return give_up(channel, r.error());
  arm_cpu_limit(kCpuSeconds);
  Cut cut;
  for (;;) {
    auto frame = channel.receive();
    if (!frame) return channel.peer_gone() ? 0 : give_up(channel, frame.error());
    if (frame->kind == Kind::cut_finish) break;
    auto part = unpack<CutPart>(frame->body);
    if (frame->kind != Kind::cut_part || !part) return give_up(channel, {ErrorCode::corrupt, "media protocol: a part was expected"});
    frame->body = {};
    cut.add(*part);
  }
  const auto done = cut.finish();
  if (!done) return give_up(channel, done.error());
  return channel.send(Kind::cut_done, pack(*done)) ? 0 : 1;
}

}  // namespace invigil::media
