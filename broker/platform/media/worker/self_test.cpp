#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "broker/platform/media/worker/sandbox.h"

namespace invigil::media {
namespace {

int report(const char* what, long result, int& open_doors) {
  const int error = errno;
  const bool refused = result < 0 && (error == EPERM || error == EACCES);
  if (!refused) ++open_doors;
  const auto line =
      fmt::format("{{\"try\":\"{}\",\"refused\":{},\"answer\":\"{}\"}}\n", what, refused, result < 0 ? std::strerror(error) : "done");
  [[maybe_unused]] const auto n = ::write(1, line.data(), line.size());
  return open_doors;
}

}  // namespace

int run_self_test(Powers powers) {
  if (powers == Powers::network_stream) {
    // The road capture takes: first with sockets, then without.
    if (auto r = enter_sandbox(Powers::network_connect, {}); !r) return 100;
    if (::socket(AF_INET, SOCK_STREAM, 0) < 0) return 101;
    if (auto r = drop_connect(); !r) return 102;
  } else if (auto r = enter_sandbox(powers, {}); !r) {
    return 100;
  }
  int open_doors = 0;
  if (powers != Powers::network_connect) {
    report("socket(AF_INET, SOCK_STREAM)", ::socket(AF_INET, SOCK_STREAM, 0), open_doors);
    report("connect", ::connect(0, nullptr, 0), open_doors);
  }
  report("socket(AF_INET, SOCK_DGRAM)", ::socket(AF_INET, SOCK_DGRAM, 0), open_doors);
  report("socket(AF_UNIX)", ::socket(AF_UNIX, SOCK_STREAM, 0), open_doors);
  report("socket(AF_NETLINK)", ::socket(AF_NETLINK, SOCK_RAW, 0), open_doors);
  report("listen", ::listen(0, 1), open_doors);
  report("open(/etc/passwd)", ::open("/etc/passwd", O_RDONLY), open_doors);
  report("open(2)", ::syscall(SYS_open, "/etc/passwd", O_RDONLY), open_doors);
  report("openat2", ::syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", nullptr, 0), open_doors);
  report("open for writing", ::open("/tmp/invigil-self-test", O_WRONLY | O_CREAT, 0600), open_doors);
  report("memfd_create", ::syscall(SYS_memfd_create, "x", 0), open_doors);
  report("unlink", ::unlink("/tmp/invigil-self-test"), open_doors);
  char program[] = "/bin/true";
  char* const argv[] = {program, nullptr};
  char* const none[] = {nullptr};
  report("execve", ::execve(program, argv, none), open_doors);
  report("execveat", ::syscall(SYS_execveat, AT_FDCWD, program, argv, none, 0), open_doors);
  const long forked = ::syscall(SYS_fork);
  if (forked == 0) ::_exit(0);
  report("fork", forked, open_doors);
  const long cloned = ::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (cloned == 0) ::_exit(0);
  report("clone", cloned, open_doors);
  report("ptrace", ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr), open_doors);
  report("kill", ::kill(::getppid(), 0), open_doors);
  void* code = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  report("mmap executable", code == MAP_FAILED ? -1 : 0, open_doors);
  report("setrlimit", ::syscall(SYS_prlimit64, 0, 7, nullptr, nullptr), open_doors);
  return open_doors;
}

}  // namespace invigil::media
