#pragma once
// A camera for tests: one RTSP client at a time over loopback TCP, H.264 in interleaved RTP, and the ways real ones misbehave.

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "broker/platform/media/child.h"

namespace invigil::test {

struct Behaviour {
  bool answer = true;                         ///< false: takes the connection and says nothing
  bool garbage = false;                       ///< answers with no RTSP
  bool demand_password = false;               ///< refuses everybody
  std::size_t first = 0;                      ///< the access unit to begin with (0 is a key frame)
  std::size_t stall_after = SIZE_MAX;         ///< access units; then silence
  std::size_t close_after = SIZE_MAX;         ///< access units; then the connection breaks
  std::int64_t jump_at = -1, jump_ticks = 0;  ///< from this access unit on all stamps are moved
};

/// Serves the H.264 elementary stream `annexb` (one slice a picture) at 30 pictures a second of stamps, sent as fast as they go.
class RtspTestServer {
 public:
  RtspTestServer(const std::string& annexb, Behaviour behaviour) : behaviour_(behaviour) {
    split(annexb);
    listener_ = media::FileDescriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size);
    ::listen(listener_.get(), 4);
    ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
  }

  std::string url(const std::string& credentials = "") const { return fmt::format("rtsp://{}127.0.0.1:{}/live", credentials, port_); }
  std::size_t pictures() const { return units_.size(); }

 private:
  // Access units: each slice with the parameter sets and SEI before it.
  void split(std::string_view bytes) {
    std::vector<std::string> unit;
    constexpr std::string_view code("\0\0\1", 3);
    for (auto at = bytes.find(code); at != std::string_view::npos;) {
      const auto begin = at + 3;
      at = bytes.find(code, begin);
      std::string nal(bytes.substr(begin, at == std::string_view::npos ? at : at - begin));
      while (!nal.empty() && nal.back() == '\0') nal.pop_back();
      const int type = nal[0] & 0x1f;
      unit.push_back(std::move(nal));
      if (type == 1 || type == 5) units_.push_back(std::exchange(unit, {}));
    }
  }

  static bool send_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
      const auto n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }

  // Waits for bytes; false when told to stop or the client left.
  static bool wait(int fd, const std::stop_token& stop) {
    const media::StopFd stopped(stop);
    pollfd p[2] = {{fd, POLLIN, 0}, {stopped.get(), POLLIN, 0}};
    while (::poll(p, 2, -1) < 0) {
    }
    return !(p[1].revents & POLLIN);
  }

  bool send_rtp(int fd, const std::string& payload, bool marker, std::uint32_t stamp) {
    std::string packet("\x80", 1);
    packet += static_cast<char>(96 | (marker ? 0x80 : 0));
    for (const int shift : {8, 0}) packet += static_cast<char>(sequence_ >> shift);
    for (const int shift : {24, 16, 8, 0}) packet += static_cast<char>(stamp >> shift);
    packet += "test" + payload;
    ++sequence_;
    std::string framed("$\0", 2);
    for (const int shift : {8, 0}) framed += static_cast<char>(packet.size() >> shift);
    return send_all(fd, framed + packet);
  }

  bool send_unit(int fd, const std::vector<std::string>& unit, std::uint32_t stamp) {
    for (std::size_t i = 0; i < unit.size(); ++i) {
      const auto& nal = unit[i];
      const bool last = i + 1 == unit.size();
      constexpr std::size_t piece = 1200;
      if (nal.size() <= piece) {
        if (!send_rtp(fd, nal, last, stamp)) return false;
        continue;
      }
      for (std::size_t at = 1; at < nal.size(); at += piece) {
        std::string fragment(1, static_cast<char>((nal[0] & 0xe0) | 28));
        fragment += static_cast<char>((nal[0] & 0x1f) | (at == 1 ? 0x80 : 0) | (at + piece >= nal.size() ? 0x40 : 0));
        fragment += nal.substr(at, piece);
        if (!send_rtp(fd, fragment, last && at + piece >= nal.size(), stamp)) return false;
      }
    }
    return true;
  }

  void play(int fd, const std::stop_token& stop) {
    for (std::size_t i = behaviour_.first; i < units_.size(); ++i) {
      if (i - behaviour_.first == behaviour_.close_after) return;
      if (i - behaviour_.first == behaviour_.stall_after) {
        while (wait(fd, stop)) {
          char ignored[1024];
          if (::recv(fd, ignored, sizeof ignored, 0) <= 0) return;
        }
        return;
      }
      auto stamp = static_cast<std::int64_t>(i) * 3000 + 90000;
      if (behaviour_.jump_at >= 0 && static_cast<std::int64_t>(i) >= behaviour_.jump_at) stamp += behaviour_.jump_ticks;
      if (!send_unit(fd, units_[i], static_cast<std::uint32_t>(stamp))) return;
    }
    // RTCP BYE on the second channel: the stream's end, said properly.
    send_all(fd, std::string("$\1\0\x0c\x81\xcb\0\2test\3end", 16));
    while (wait(fd, stop)) {
      char ignored[1024];
      if (::recv(fd, ignored, sizeof ignored, 0) <= 0) return;
    }
  }

  void talk(int fd, const std::stop_token& stop) {
    std::string in;
    for (;;) {
      if (!wait(fd, stop)) return;
      char buffer[4096];
      const auto n = ::recv(fd, buffer, sizeof buffer, 0);
      if (n <= 0) return;
      if (!behaviour_.answer) continue;
      in.append(buffer, static_cast<std::size_t>(n));
      for (auto end = in.find("\r\n\r\n"); end != std::string::npos; end = in.find("\r\n\r\n")) {
        const auto request = in.substr(0, end);
        in.erase(0, end + 4);
        if (behaviour_.garbage) {
          send_all(fd, "220 mail.example ready\r\n\r\n");
          return;
        }
        const auto cseq =
            request.substr(request.find("CSeq:") + 5, request.find("\r\n", request.find("CSeq:")) - request.find("CSeq:") - 5);
        std::string head = fmt::format("RTSP/1.0 200 OK\r\nCSeq:{}\r\n", cseq), body;
        if (behaviour_.demand_password)
          head = fmt::format("RTSP/1.0 401 Unauthorized\r\nCSeq:{}\r\nWWW-Authenticate: Basic realm=\"camera\"\r\n", cseq);
        else if (request.rfind("OPTIONS", 0) == 0)
          head += "Public: DESCRIBE, SETUP, PLAY\r\n";
        else if (request.rfind("DESCRIBE", 0) == 0)
          body =
              "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 "
              "packetization-mode=1\r\na=control:0\r\n";
        else if (request.rfind("SETUP", 0) == 0)
          head += "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1\r\n";
        else if (request.rfind("PLAY", 0) == 0)
          head += "Session: 1\r\n";
        if (!body.empty()) head += fmt::format("Content-Type: application/sdp\r\nContent-Length: {}\r\n", body.size());
        if (!send_all(fd, head + "\r\n" + body)) return;
        if (request.rfind("PLAY", 0) == 0 && !behaviour_.demand_password) return play(fd, stop);
      }
    }
  }

  void serve(const std::stop_token& stop) {
    while (wait(listener_.get(), stop)) {
      const media::FileDescriptor client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (client) talk(client.get(), stop);
    }
  }

  Behaviour behaviour_;
  std::vector<std::vector<std::string>> units_;
  media::FileDescriptor listener_;
  std::uint16_t port_ = 0;
  std::uint16_t sequence_ = 1;
  std::jthread thread_;  // last: it uses the rest
};

}  // namespace invigil::test
