#include "capture/uplink/hole.h"

#include <fmt/format.h>

#include "models/record.h"

namespace invigil {

std::optional<Loss> describe_hole(const EventLog& log, std::string_view stream, std::uint64_t from_seq, const Checkpoint* vouched) {
  const StreamTip tip = log.tip(stream);
  if (from_seq == 0 || from_seq > tip.seq) return std::nullopt;
  Loss loss;
  loss.set_stream(std::string(stream));
  loss.set_from_seq(from_seq);
  loss.set_to_seq(tip.seq);
  loss.set_last_hash(bytes_of(tip.hash));
  bool deleted = false;
  for (auto seq = log.next_in_stream(stream, from_seq); seq; seq = log.next_in_stream(stream, *seq + 1)) {
    const auto records = log.read_stream(stream, *seq, 1, 1);
    if (!records || records->empty()) continue;
    if (*seq == from_seq) return std::nullopt;
    const auto header = parse_header(records->front().record.header);
    if (!header) continue;
    loss.set_to_seq(*seq - 1);
    loss.set_last_hash(header->prev_hash());
    loss.set_to_us(header->occurred().wall_from_us());
    break;
  }
  if (const auto first = log.read_stream(stream, from_seq, 1, 1); !first) deleted = first.error().code == ErrorCode::not_found;
  loss.set_from_us(loss.to_us());
  if (const auto before = log.read_stream(stream, from_seq - 1, 1, 1); before && !before->empty())
    if (const auto header = parse_header(before->front().record.header); header && header->seq() + 1 == from_seq)
      loss.set_from_us(header->occurred().wall_to_us());
  if (deleted && vouched && vouched->tree_size() > 0) {
    loss.set_cause(Loss::ROLLED_BACK);
    *loss.mutable_vouched() = *vouched;
    loss.set_detail(fmt::format("{} seq {} to {} were deleted here because the broker had signed for them; it no longer has them", stream,
                                from_seq, loss.to_seq()));
  } else {
    loss.set_cause(Loss::UNREADABLE);
    loss.set_detail(fmt::format("{} seq {} to {} can't be read here any more", stream, from_seq, loss.to_seq()));
  }
  return loss;
}

}  // namespace invigil
