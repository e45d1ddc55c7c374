#include "broker/platform/media/child.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "broker/platform/media/media.h"

namespace invigil {

std::filesystem::path media_program() {
  if (const char* configured = std::getenv("INVIGIL_MEDIA")) return configured;
  std::error_code ec;
  const auto here = std::filesystem::read_symlink("/proc/self/exe", ec).parent_path();
  // Tests and benches lie one folder below the programs.
  for (const auto& folder : {here, here.parent_path()})
    if (auto program = folder / "invigil-media"; std::filesystem::exists(program, ec)) return program;
  return here / "invigil-media";
}

namespace media {

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) ::close(fd_);
}

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

StopFd::StopFd(const std::stop_token& token) : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), callback_(token, Raise{event_.get()}) {
  if (!event_) abort_with("no event descriptor: out of file descriptors");
}

void StopFd::Raise::operator()() const {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto n = ::write(fd, &one, sizeof one);
}

Result<std::unique_ptr<Child>> Child::start(const std::string& verb, int input) {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
    return fail(ErrorCode::exhausted, fmt::format("cannot start a media process: {}", std::strerror(errno)));
  const FileDescriptor theirs(pair[1]);
  FileDescriptor ours(pair[0]);

  // Both may already have the number the other is to get, so they go by way of high numbers.
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const FileDescriptor socket_high(::fcntl(theirs.get(), F_DUPFD_CLOEXEC, 10));
  const FileDescriptor input_high(input >= 0 ? ::fcntl(input, F_DUPFD_CLOEXEC, 10) : -1);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, socket_high.get(), 3);
  if (input >= 0) posix_spawn_file_actions_adddup2(&actions, input_high.get(), 4);
  posix_spawn_file_actions_addclosefrom_np(&actions, input >= 0 ? 5 : 4);

  const std::string program = media_program().string();
  std::array<char*, 3> argv{const_cast<char*>(program.c_str()), const_cast<char*>(verb.c_str()), nullptr};
  std::vector<char*> environment;  // nothing of the parent's, but what the sanitizers' builds read
  for (char** e = environ; *e; ++e)
    if (std::string_view(*e).find("SAN_OPTIONS=") != std::string_view::npos) environment.push_back(*e);
  environment.push_back(nullptr);

  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, program.c_str(), &actions, &attributes, argv.data(), environment.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0)
    return fail(ErrorCode::unavailable,
                fmt::format("cannot start {}: {}; put it beside this program or name it in INVIGIL_MEDIA", program, std::strerror(error)));
  return std::unique_ptr<Child>(new Child(pid, ours.release()));
}

Child::~Child() {
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace media
}  // namespace invigil
