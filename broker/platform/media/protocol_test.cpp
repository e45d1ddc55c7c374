// Frames between parent and child: what is packed comes back, what is forged is refused before memory is taken for it.
#include "broker/platform/media/protocol.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <random>
#include <thread>

#include "broker/platform/media/channel.h"
#include "broker/platform/media/source.h"

namespace invigil::media {
namespace {

PictureMessage picture() {
  PictureMessage m;
  m.offset_us = -5;
  m.width = 4;
  m.height = 2;
  m.small_width = 3;
  m.small_height = 1;
  m.errors = 7;
  m.damaged = true;
  m.bgr = std::string(24, 'b');
  m.grey = "abc";
  return m;
}

PartMessage part() {
  PartMessage m;
  m.start_us = 500'000;
  m.duration_us = 499'999;
  m.first_pts = -1;
  m.time_base_num = 1;
  m.time_base_den = 90'000;
  m.width = 1920;
  m.height = 1080;
  m.frames = 15;
  m.starts_with_key = true;
  m.audio_codec = "aac";
  m.key_hashes = {1, UINT64_MAX};
  m.bytes = "ftyp";
  return m;
}

TEST(Protocol, ComesBackAsItWas) {
  const auto p = unpack<PictureMessage>(pack(picture()));
  ASSERT_TRUE(p);
  EXPECT_EQ(pack(*p), pack(picture()));
  EXPECT_EQ(p->offset_us, -5);
  EXPECT_TRUE(p->damaged);
  EXPECT_EQ(p->grey, "abc");
  const auto q = unpack<PartMessage>(pack(part()));
  ASSERT_TRUE(q);
  EXPECT_EQ(pack(*q), pack(part()));
  EXPECT_EQ(q->key_hashes, part().key_hashes);
  const auto f = unpack<Failure>(pack(Failure{2, "denied"}));
  ASSERT_TRUE(f);
  EXPECT_EQ(f->message, "denied");
}

TEST(Protocol, EveryTruncationAndEveryExtraByteIsRefused) {
  for (const auto& whole : {pack(picture()), pack(part())})
    for (std::size_t n = 0; n < whole.size(); ++n) {
      EXPECT_FALSE(unpack<PictureMessage>(std::string_view(whole).substr(0, n))) << n;
      EXPECT_FALSE(unpack<PartMessage>(std::string_view(whole).substr(0, n))) << n;
    }
  EXPECT_FALSE(unpack<PictureMessage>(pack(picture()) + "x"));
}

TEST(Protocol, PixelsMustFitTheSize) {
  auto m = picture();
  m.height = 3;
  EXPECT_FALSE(unpack<PictureMessage>(pack(m)));
  m = picture();
  m.width = 0x40000000;
  m.height = 8;
  EXPECT_FALSE(unpack<PictureMessage>(pack(m)));
  auto e = EventMessage{};
  e.state = 7;
  EXPECT_FALSE(unpack<EventMessage>(pack(e)));
  EXPECT_FALSE(unpack<Failure>(pack(Failure{99, ""})));
  auto p = part();
  p.start_us = -1;
  EXPECT_FALSE(unpack<PartMessage>(pack(p)));
}

TEST(Protocol, HeadersAreChecked) {
  const auto good = pack_header({Kind::picture, 1234});
  const auto header = unpack_header(good);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->kind, Kind::picture);
  EXPECT_EQ(header->size, 1234u);
  for (std::size_t i = 0; i < 8; ++i) {
    auto bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x80);
    EXPECT_FALSE(unpack_header(bad)) << i;
  }
  EXPECT_FALSE(unpack_header(good.substr(1)));
  const auto huge = unpack_header(pack_header({Kind::event, 0xffffffff}));
  ASSERT_FALSE(huge);
  EXPECT_EQ(huge.error().code, ErrorCode::too_large);
}

TEST(Channel, FramesArriveWholeAndADeadPeerIsNoticed) {
  int pair[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  Channel here(pair[0]);
  {
    Channel there(pair[1]);
    const std::string body(9 * 1024 * 1024, 'x');  // far over a socket's buffer
    std::jthread sender([&] { EXPECT_TRUE(there.send(Kind::part, body)); });
    const auto frame = here.receive();
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->kind, Kind::part);
    EXPECT_EQ(frame->body, body);
    const auto late = here.receive(std::chrono::steady_clock::now());
    ASSERT_FALSE(late);
    EXPECT_FALSE(here.peer_gone());
  }
  EXPECT_FALSE(here.receive());
  EXPECT_TRUE(here.peer_gone());
  EXPECT_FALSE(here.send(Kind::stop, {}));
}

TEST(Channel, AStopWakesTheReader) {
  int pair[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  Channel here(pair[0]), there(pair[1]);
  std::stop_source stop;
  const StopFd stopped(stop.get_token());
  std::jthread asker([&] { stop.request_stop(); });
  const auto frame = here.receive(kNever, stopped.get());
  ASSERT_FALSE(frame);
  EXPECT_EQ(frame.error().code, ErrorCode::conflict);
}

TEST(Source, CredentialsAreNeverShown) {
  EXPECT_EQ(without_credentials("rtsp://10.0.0.1:554/stream?user=admin&password=x"), "rtsp://10.0.0.1:554");
  EXPECT_EQ(without_credentials("rtsp://a:b@cam.local/x"), "rtsp://cam.local");
  EXPECT_EQ(without_credentials("rtsp://a:b/c?d@e#f@cam/x"), "rtsp://cam");
  EXPECT_EQ(without_credentials("rtsp://cam/x@y"), "rtsp://y") << "rather too little than a password";
  EXPECT_EQ(without_credentials("nothing"), "a source");
}

}  // namespace
}  // namespace invigil::media
