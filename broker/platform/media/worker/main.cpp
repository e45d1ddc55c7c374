// invigil-media: the child that reads media for its parent. Its only word on the command line is a verb; the rest comes over descriptor 3.

#include <csignal>
#include <cstdio>
#include <string_view>

#include "broker/platform/media/worker/jobs.h"
#include "broker/platform/media/worker/sandbox.h"

#if defined(INVIGIL_SANITIZED)
// The leak check at exit starts a thread, which the sandbox refuses.
extern "C" const char* __asan_default_options() { return "detect_leaks=0"; }
#endif

namespace {

int usage() {
  std::fputs(
      "invigil-media is started by the other programs and is of no use by hand.\n"
      "invigil-media --version\n"
      "invigil-media self-test files|connect|stream   tries what the sandbox must refuse, one JSON line each\n",
      stderr);
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace invigil::media;
  av_log_set_level(AV_LOG_QUIET);  // libav's messages quote URLs, credentials and all
  std::signal(SIGPIPE, SIG_IGN);
  const std::string_view verb = argc > 1 ? argv[1] : "";
  if (verb == "--version") return std::puts("invigil-media 0.1.0") < 0;
  if (verb == "self-test" && argc == 3) {
    const std::string_view powers = argv[2];
    if (powers == "files") return run_self_test(Powers::files);
    if (powers == "connect") return run_self_test(Powers::network_connect);
    if (powers == "stream") return run_self_test(Powers::network_stream);
    return usage();
  }
  if (argc != 2) return usage();
  Channel channel(kControlFd);
  if (verb == "decode") return run_part_decoder(channel);
  if (verb == "decode-file") return run_source_decoder(channel, false);
  if (verb == "decode-url") return run_source_decoder(channel, true);
  if (verb == "capture-file") return run_capture(channel, false);
  if (verb == "capture-url") return run_capture(channel, true);
  if (verb == "cut") return run_cut(channel);
  if (verb == "probe-file") return run_probe(channel, false);
  if (verb == "probe-url") return run_probe(channel, true);
  return usage();
}
