#include "broker/platform/media/worker/sandbox.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <initializer_list>
#include <memory>

namespace invigil::media {
namespace {

using Filter = std::unique_ptr<void, decltype(&seccomp_release)>;

tl::unexpected<Error> refused(const char* what, int error) {
  return fail(ErrorCode::unavailable,
              fmt::format("the media sandbox cannot be set up here ({}: {}); Linux with seccomp is needed", what, std::strerror(error)));
}

// What decoding asks of the kernel once its libraries are loaded. Everything not named fails with EPERM.
constexpr std::initializer_list<int> kAlways = {SCMP_SYS(read),          SCMP_SYS(readv),           SCMP_SYS(pread64),
                                                SCMP_SYS(write),         SCMP_SYS(writev),          SCMP_SYS(lseek),
                                                SCMP_SYS(close),         SCMP_SYS(fstat),           SCMP_SYS(recvfrom),
                                                SCMP_SYS(recvmsg),       SCMP_SYS(sendto),          SCMP_SYS(sendmsg),
                                                SCMP_SYS(poll),          SCMP_SYS(ppoll),           SCMP_SYS(brk),
                                                SCMP_SYS(munmap),        SCMP_SYS(mremap),          SCMP_SYS(madvise),
                                                SCMP_SYS(futex),         SCMP_SYS(sched_yield),     SCMP_SYS(sched_getaffinity),
                                                SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep),
                                                SCMP_SYS(gettimeofday),  SCMP_SYS(getrandom),       SCMP_SYS(getpid),
                                                SCMP_SYS(gettid),        SCMP_SYS(getrusage),       SCMP_SYS(setitimer),
                                                SCMP_SYS(rt_sigreturn),  SCMP_SYS(rt_sigprocmask),  SCMP_SYS(rt_sigaction),
                                                SCMP_SYS(sigaltstack),   SCMP_SYS(restart_syscall), SCMP_SYS(exit),
                                                SCMP_SYS(exit_group)};

// What libavformat's TCP does to a socket it has.
constexpr std::initializer_list<int> kOnSockets = {SCMP_SYS(getsockopt),  SCMP_SYS(setsockopt), SCMP_SYS(getsockname),
                                                   SCMP_SYS(getpeername), SCMP_SYS(shutdown),   SCMP_SYS(fcntl)};

int allow(void* f, std::initializer_list<int> calls) {
  for (const int call : calls)
    if (const int r = seccomp_rule_add(f, SCMP_ACT_ALLOW, call, 0); r != 0) return r;
  return 0;
}

int allow_masked(void* f, int call, unsigned argument, std::uint64_t mask, std::uint64_t value) {
  const scmp_arg_cmp cmp{argument, SCMP_CMP_MASKED_EQ, mask, value};
  return seccomp_rule_add_array(f, SCMP_ACT_ALLOW, call, 1, &cmp);
}

int build(void* f, Powers powers) {
  int r = allow(f, kAlways);
  // No page is ever both writable and executable, nor made executable later.
  for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)})
    if (r == 0) r = allow_masked(f, call, 2, PROT_EXEC, 0);
  // glibc's fstat; with any other flag it would be a stat by path.
  if (r == 0) r = allow_masked(f, SCMP_SYS(newfstatat), 3, 0xffffffff, AT_EMPTY_PATH);
  // abort() signals its own process.
  if (r == 0) r = allow_masked(f, SCMP_SYS(tgkill), 0, 0xffffffff, static_cast<std::uint64_t>(::getpid()));
  if (powers == Powers::files) return r;
  if (r == 0) r = allow(f, kOnSockets);
  if (r != 0 || powers == Powers::network_stream) return r;
  constexpr std::uint64_t type_mask = 0xf;  // without SOCK_CLOEXEC and SOCK_NONBLOCK
  for (const int family : {AF_INET, AF_INET6}) {
    const scmp_arg_cmp cmp[] = {{0, SCMP_CMP_EQ, static_cast<std::uint64_t>(family), 0}, {1, SCMP_CMP_MASKED_EQ, type_mask, SOCK_STREAM}};
    if (r == 0) r = seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2, cmp);
  }
  // seccomp and prctl can only tighten further: drop_connect needs them.
  if (r == 0) r = allow(f, {SCMP_SYS(connect), SCMP_SYS(seccomp)});
  if (r == 0) r = allow_masked(f, SCMP_SYS(prctl), 0, 0xffffffff, PR_SET_NO_NEW_PRIVS);
  return r;
}

Result<> limit(int resource, std::uint64_t value, const char* name) {
  rlimit l{value, value};
  if (::setrlimit(static_cast<__rlimit_resource>(resource), &l) != 0) return refused(name, errno);
  return {};
}

Result<> load(Powers powers) {
  const Filter filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)), &seccomp_release);
  if (!filter) return refused("seccomp", ENOMEM);
  if (const int r = build(filter.get(), powers); r != 0) return refused("seccomp rules", -r);
  if (const int r = seccomp_load(filter.get()); r != 0) return refused("seccomp", -r);
  return {};
}

}  // namespace

Result<> enter_sandbox(Powers powers, [[maybe_unused]] Limits limits) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return refused("no_new_privs", errno);
  if (auto r = limit(RLIMIT_CORE, 0, "core size"); !r) return r;
  if (auto r = limit(RLIMIT_NOFILE, 16, "descriptors"); !r) return r;
#if !defined(INVIGIL_SANITIZED)  // sanitizers need address space for their shadow, and a file to report to
  if (auto r = limit(RLIMIT_FSIZE, 0, "file size"); !r) return r;
  if (limits.address_space > 0)
    if (auto r = limit(RLIMIT_AS, limits.address_space, "address space"); !r) return r;
#endif
  return load(powers);
}

Result<> drop_connect() { return load(Powers::network_stream); }

void arm_cpu_limit(int seconds) {
  itimerval t{};
  t.it_value.tv_sec = seconds;
  ::setitimer(ITIMER_PROF, &t, nullptr);  // SIGPROF's default ends the process
}

}  // namespace invigil::media
