// fault_reader: prints what a program's log holds, one JSON object a line, so that a fault campaign trusts neither console nor broker.
//   fault_reader LOG-FOLDER [--from POSITION]
// A line a record: {"p","stream","seq","kind","hash"} and, of test events, {"seat","client"}; of losses {"cause","of","detail"}. The last
// line:
// {"begin","end","damage":[…],"torn_bytes"}. Damaged positions are listed there and passed over.
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>

#include "broker/log/segment_log.h"
#include "models/record.pb.h"
#include "models/test_event.pb.h"

namespace {

using Json = nlohmann::json;

Json line_of(const invigil::StoredRecord& stored) {
  invigil::RecordHeader header;
  Json line{{"p", stored.position}};
  if (!header.ParseFromString(stored.record.header)) return line;
  line.update({{"stream", header.stream()}, {"seq", header.seq()}, {"kind", header.kind()}});
  line["hash"] = invigil::to_hex(invigil::bytes_of(invigil::sha256(stored.record.header)));
  if (header.kind() == invigil::TEST_EVENT) {
    invigil::TestEvent event;
    if (event.ParseFromString(stored.record.payload))
      line.update({{"seat", event.session() + "/" + event.seat()}, {"client", event.client_seq()}});
  } else if (header.kind() == invigil::LOSS) {
    invigil::Loss loss;
    if (loss.ParseFromString(stored.record.payload))
      line.update({{"cause", invigil::Loss::Cause_Name(loss.cause())}, {"of", loss.stream()}, {"detail", loss.detail()}});
  }
  return line;
}

void print(const Json& line) { std::printf("%s\n", line.dump(-1, ' ', false, Json::error_handler_t::replace).c_str()); }

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && !(argc == 4 && std::string(argv[2]) == "--from")) {
    std::fprintf(stderr, "usage: fault_reader LOG-FOLDER [--from POSITION]\n");
    return 2;
  }
  const auto log = invigil::SegmentLog::open_for_reading(argv[1]);
  if (!log) {
    std::fprintf(stderr, "%s\n", log.error().message.c_str());
    return 1;
  }
  constexpr std::size_t kRecords = 4096;
  constexpr std::size_t kBytes = 4 << 20;
  std::uint64_t position = std::max<std::uint64_t>((*log)->begin(), argc == 4 ? std::stoull(argv[3]) : 0);
  const std::uint64_t end = (*log)->end();
  while (position < end) {
    const auto records = (*log)->read(position, kRecords, kBytes);
    if (!records || records->empty()) {
      ++position;  // damaged: listed below
      continue;
    }
    for (const invigil::StoredRecord& record : *records) print(line_of(record));
    position = records->back().position + 1;
  }
  Json damage = Json::array();
  for (const invigil::LogDamage& d : (*log)->recovery().damage) damage.push_back({{"from", d.from}, {"to", d.to}, {"where", d.where}});
  print({{"begin", (*log)->begin()}, {"end", end}, {"damage", damage}, {"torn_bytes", (*log)->recovery().torn_bytes}});
}
