// Opens, reads and goes on writing a log whose one segment is the input: whatever the bytes, no crash and no wrong record.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "broker/log/segment_log.h"
#include "broker/log/simulated_disk.h"
#include "broker/log/test_records.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace invigil;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  static_cast<void>(decode_tips(input));
  static_cast<void>(peek_header(input));
  SimulatedDisk disk;
  {
    const auto file = disk.open(segment_name(0), true);
    // Half of the time behind a good header: the fuzzer cannot guess its checksum.
    const bool with_header = size % 2 == 0;
    const std::string bytes = (with_header ? encode_segment_header({0, 1}) : std::string()) + std::string(input);
    if (!(*file)->write_at(0, bytes)) std::abort();
  }
  SegmentLogOptions options;
  options.segment_bytes = 4 << 10;
  options.zero_ahead_bytes = 0;
  options.salt = 1;
  auto log = SegmentLog::open(disk, options);
  if (!log) return 0;
  for (std::uint64_t p = 0; p < (*log)->end() && p < 64; ++p) {
    const auto read = (*log)->read(p, 1, 1 << 20);
    if (read && (read->size() != 1 || read->front().position != p)) std::abort();
  }
  for (const auto& [name, tip] : (*log)->tips()) static_cast<void>((*log)->read_stream(name, 1, 10, 1 << 20));
  const std::uint64_t end = (*log)->end();
  TestStream stream("agent/c1/fuzz", (*log)->tip("agent/c1/fuzz"));
  if (!append_all(**log, stream.several(2))) std::abort();
  log->reset();
  log = SegmentLog::open(disk, options);
  if (!log || (*log)->end() != end + 2) std::abort();
  return 0;
}
