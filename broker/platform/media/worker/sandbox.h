#pragma once
// What takes a media child's powers away before it reads its first byte of media: rlimits, no_new_privs, seccomp.

#include <cstdint>

#include "models/result.h"

namespace invigil::media {

/// What the child still needs.
enum class Powers {
  files,            ///< memory and descriptors already open: decode, cut, probe and capture of a file
  network_connect,  ///< also outgoing TCP sockets: until an RTSP stream is open
  network_stream    ///< the sockets already open, no new one: from then on
};

struct Limits {
  std::uint64_t address_space = 0;  ///< bytes; 0 = as is
};

/// Locks this process in, for good. Call with one thread running. From network_connect one may go on to network_stream; no other
/// step gives anything back or works twice. Refused system calls fail with EPERM, so a test sees each of them.
/// `unavailable` when this kernel cannot do it: the child must then refuse to work.
Result<> enter_sandbox(Powers powers, Limits limits);
Result<> drop_connect();

/// Ends this process when it uses more than `seconds` of CPU from now on; called again at each job.
void arm_cpu_limit(int seconds);

/// Tries what must fail (sockets, opening, exec, fork, …) after entering `powers`, prints one JSON line each, returns how many
/// were not refused.
int run_self_test(Powers powers);

}  // namespace invigil::media
