#include "broker/custody/verify/verifier.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "broker/custody/verify/segment_reader.h"
#include "broker/custody/verify/signatures.h"
#include "broker/custody/verify/tree.h"
#include "broker/platform/crypto/crypto.h"
#include "models/id.h"
#include "models/media.pb.h"
#include "models/record.h"
#include "models/registry.pb.h"

namespace invigil::verify {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFindingsKept = 1000;

struct Stream {
  std::uint64_t seq = 0;
  Hash hash{};
  std::uint64_t head_seq = 0;              // of the newest good head
  std::optional<std::uint64_t> enrols_at;  // position of its first enrolment
};

struct MissingObject {
  Finding finding;
  std::string hex;
  std::int64_t from_us = 0;
  std::int64_t to_us = 0;
};

/// Numbers that a stream leaves out.
struct Gap {
  std::string stream;
  std::uint64_t from_seq = 0;
  std::uint64_t to_seq = 0;
  std::string last_hash;  // as the record behind it states it
  std::uint64_t position = 0;
};

struct LostSpan {
  std::string stream;
  std::int64_t from_us = 0;
  std::int64_t to_us = 0;
};

class Verifier {
 public:
  Verifier(const Options& options, std::optional<fs::path> objects)
      : objects_(std::move(objects)), keys_(options.public_keys), kept_(options.checkpoints) {
    report_.objects_checked = objects_.has_value();
    for (const KeptCheckpoint& kept : kept_) kept_roots_[kept.checkpoint.tree_size()];
    if (const auto nothing = kept_roots_.find(0); nothing != kept_roots_.end()) nothing->second = tree_.root_at(0);
  }

  void take_bad(const BadBytes& bad) {
    // A damaged entry may lie about its name too: it is believed only where it continues the stream it names.
    const auto claimed = streams_.find(bad.stream);
    const bool believed = claimed != streams_.end() && bad.seq == claimed->second.seq + 1;
    const auto says = believed || bad.stream.empty() ? std::string() : fmt::format("; it says it is record {} of {}", bad.seq, bad.stream);
    add(bad.positions > 0 ? Fault::checksum : Fault::format, bad.position, believed ? bad.stream : "", believed ? bad.seq : 0,
        fmt::format("{} offset {}: {}{}{}", bad.file, bad.offset, bad.what,
                    bad.positions > 1 ? fmt::format(" ({} records)", bad.positions) : "", says));
    if (bad.positions == 0) return;
    damaged_ = true;
    tree_whole_ = false;
    unread_.emplace_back(report_.findings.empty() ? 0 : report_.findings.size() - 1, bad.positions);
  }

  void take(const FoundRecord& found) {
    ++report_.records;
    const Hash hash = sha_.of(found.header);
    if (tree_whole_) add_leaf(hash);
    const auto header = parse_header(found.header);
    if (!header) return add(Fault::format, found.position, {}, 0, header.error().message);
    if (header->hash_alg() != SHA_256)
      return add(Fault::unsupported, found.position, header->stream(), header->seq(), "its hash algorithm is not known to this program");
    Stream& stream = check_chain(*header, found.position);
    const bool payload = header->payload_size() == found.payload.size() && same(header->payload_hash(), sha_.of(found.payload));
    if (!payload) add(Fault::payload, found.position, header->stream(), header->seq(), "its payload is not the one its header states");
    if (payload) take_payload(*header, found, stream);
    stream.seq = header->seq();
    stream.hash = hash;
  }

  Report finish(const FolderRead& read) {
    report_.begin = read.begin;
    report_.segments = read.segments;
    report_.streams = streams_.size();
    report_.public_keys = keys_.broker_keys_hex();
    report_.keys_from_log = keys_.from_log();
    if (report_.keys_from_log && !report_.public_keys.empty())
      report_.notes.push_back({"the broker's key was taken from the log itself: give --public-key to prove whose log this is",
                               "服务器公钥取自日志本身：请用 --public-key 给出公钥，才能证明这是谁的日志"});
    if (read.begin > 0)
      report_.notes.push_back(
          {fmt::format("the log begins at position {}: older records were deleted, checkpoints cannot be recalculated", read.begin),
           fmt::format("日志从位置 {} 开始：更早的记录已删除，无法重算检查点", read.begin)});
    if (damaged_)
      report_.notes.push_back({"with unreadable records the tree cannot be recalculated: checkpoints after them were not compared",
                               "有记录无法读取，哈希树无法重算：其后的检查点未作比对"});
    for (const auto& note : keys_.notes()) report_.notes.push_back(note);
    if (parts_unchecked_ > 0)
      report_.notes.push_back({fmt::format("the objects of {} video parts were not checked", parts_unchecked_),
                               fmt::format("{} 个视频片段的对象未检查", parts_unchecked_)});
    settle_objects();
    settle_holes();
    for (const auto& [name, stream] : streams_)
      if (stream.enrols_at && stream.head_seq == 0)
        add(Fault::signature, *stream.enrols_at, name, 0, "it enrols principals, and nothing in its stream is signed");
    note_unsigned();
    for (const KeptCheckpoint& kept : kept_) judge(kept, read.end);
    std::stable_sort(report_.findings.begin(), report_.findings.end(),
                     [](const Finding& a, const Finding& b) { return a.position < b.position; });
    return std::move(report_);
  }

  void start_at(std::uint64_t begin) {
    begins_later_ = begin > 0;
    tree_whole_ = begin == 0;
  }

 private:
  static bool same(const std::string& bytes, const Hash& hash) {
    return std::string_view(bytes) == std::string_view(reinterpret_cast<const char*>(hash.data()), hash.size());
  }

  void add(Fault fault, std::uint64_t position, const std::string& stream, std::uint64_t seq, const std::string& what) {
    ++report_.faults;
    if (report_.findings.size() < kFindingsKept) report_.findings.push_back({fault, position, stream, seq, what});
  }

  void add_leaf(const Hash& record_hash) {
    tree_.add(record_hash);
    if (const auto wanted = kept_roots_.find(tree_.size()); wanted != kept_roots_.end()) wanted->second = tree_.root_at(tree_.size());
  }

  KeptVerdict verdict_of(const Checkpoint& c, std::uint64_t end) {
    if (const auto trouble = keys_.check_checkpoint(c))
      return trouble->fault == Fault::key ? KeptVerdict::other_key : KeptVerdict::not_signed;
    if (!of_broker_) return KeptVerdict::not_compared;
    if (c.tree_size() > end) return KeptVerdict::cut_back;
    const auto& root = kept_roots_[c.tree_size()];
    if (!root) return KeptVerdict::not_compared;
    return same(c.root(), *root) ? KeptVerdict::fits : KeptVerdict::rewritten;
  }

  /// Whoever holds the broker's key can sign a new history; not the one a checkpoint elsewhere already names.
  void judge(const KeptCheckpoint& kept, std::uint64_t end) {
    const Checkpoint& c = kept.checkpoint;
    report_.kept.push_back(in_words(kept, verdict_of(c, end), end));
    if (report_.kept.back().verdict != KeptVerdict::fits)
      add(Fault::kept_checkpoint, std::min(c.tree_size(), end), "broker/" + c.log(), 0, report_.kept.back().english);
  }

  Stream& check_chain(const RecordHeader& header, std::uint64_t position) {
    const auto [found, fresh] = streams_.try_emplace(header.stream());
    Stream& stream = found->second;
    if (const auto name = fresh ? parse_stream(header.stream()) : Result<StreamName>(StreamName{});
        name && name->cls == StreamClass::broker)
      of_broker_ = true;
    // In a log whose beginning was deleted a stream may begin anywhere.
    if (fresh && begins_later_) return stream;
    if (header.seq() != stream.seq + 1) {
      if (header.seq() > stream.seq + 1 && explain_hole(header, stream)) return stream;
      if (header.seq() > stream.seq + 1) {
        gaps_.push_back({header.stream(), stream.seq + 1, header.seq() - 1, header.prev_hash(), position});
        return stream;
      }
      add(Fault::sequence, position, header.stream(), header.seq(),
          stream.seq == 0 ? "the stream does not begin with record 1" : fmt::format("it follows record {} of its stream", stream.seq));
    } else if (!same(header.prev_hash(), stream.hash)) {
      add(Fault::chain, position, header.stream(), header.seq(), fmt::format("it is not chained to record {} of its stream", stream.seq));
    }
    return stream;
  }

  /// A hole that unreadable bytes account for: they are the finding, and now have a name.
  bool explain_hole(const RecordHeader& header, const Stream& stream) {
    std::uint64_t holes = header.seq() - stream.seq - 1;
    for (auto& [index, positions] : unread_) {
      if (positions == 0 || index >= report_.findings.size()) continue;
      Finding& finding = report_.findings[index];
      if (finding.stream.empty()) {
        finding.stream = header.stream();
        finding.seq = stream.seq + 1;
      }
      const std::uint64_t taken = std::min(holes, positions);
      positions -= taken;
      holes -= taken;
      if (holes == 0) return true;
    }
    return false;
  }

  void take_payload(const RecordHeader& header, const FoundRecord& found, Stream& stream) {
    const auto refuse = [&](const std::optional<Trouble>& trouble) {
      if (trouble) add(trouble->fault, found.position, header.stream(), header.seq(), trouble->what);
      return !trouble;
    };
    switch (header.kind()) {
      case STREAM_HEAD:
        ++report_.heads;
        if (refuse(keys_.check_head(header, found.payload))) stream.head_seq = header.seq();
        break;
      case CHECKPOINT: take_checkpoint(header, found, refuse(keys_.check_checkpoint(header, found.payload))); break;
      case PRINCIPAL_ENROLLED:
      case PRINCIPAL_REVOKED:
        if (refuse(keys_.take_principal(header, found.payload)) && !stream.enrols_at) stream.enrols_at = found.position;
        break;
      case VIDEO_PART: take_part(header, found); break;
      case LOSS: take_loss(header, found); break;
      case DELETED:
        if (const auto deleted = parse_payload<Deleted>(found.payload)) take_deleted(header, deleted->subject());
        break;
      default: break;
    }
  }

  void take_checkpoint(const RecordHeader& header, const FoundRecord& found, bool signature_good) {
    ++report_.checkpoints;
    const auto checkpoint = parse_payload<Checkpoint>(found.payload);
    if (!checkpoint) return;
    const auto bad = [&](const std::string& what) { add(Fault::tree, found.position, header.stream(), header.seq(), what); };
    if (checkpoint->tree_size() > found.position)
      return bad(fmt::format("a checkpoint over {} records stands at position {}", checkpoint->tree_size(), found.position));
    if (checkpoint->tree_size() < newest_size_)
      return bad(fmt::format("a checkpoint over {} records after one over {}: a log never shrinks", checkpoint->tree_size(), newest_size_));
    newest_size_ = checkpoint->tree_size();
    if (!tree_whole_) return;
    const auto root = tree_.root_at(checkpoint->tree_size());
    if (!root) {
      report_.notes.push_back({fmt::format("the checkpoint at position {} is over records too far back to recalculate", found.position),
                               fmt::format("位置 {} 的检查点所覆盖的记录过早，无法重算", found.position)});
      return;
    }
    if (!same(checkpoint->root(), *root))
      return bad(fmt::format("the first {} records have another tree root than the checkpoint signed", checkpoint->tree_size()));
    if (!signature_good) return;
    report_.covered = checkpoint->tree_size();
    report_.newest = *checkpoint;
  }

  void take_part(const RecordHeader& header, const FoundRecord& found) {
    const auto part = parse_payload<VideoPart>(found.payload);
    const auto hash = part ? hash_from(part->object()) : tl::make_unexpected(part.error());
    if (!hash) return add(Fault::format, found.position, header.stream(), header.seq(), "the video part names no object");
    if (!objects_) {
      ++parts_unchecked_;
      return;
    }
    const std::string hex = to_hex(part->object());
    if (!seen_.insert(*hash).second) return;
    const auto bytes = read_file(*objects_ / hex.substr(0, 2) / hex, kMaxObjectBytes);
    if (!bytes && bytes.error().code == ErrorCode::not_found) {
      missing_.push_back({{Fault::object_missing, found.position, header.stream(), header.seq(),
                           fmt::format("its object {} is missing, and no record says why", hex)},
                          hex,
                          part->start_us(),
                          part->start_us() + part->duration_us()});
    } else if (!bytes) {
      add(Fault::object_corrupt, found.position, header.stream(), header.seq(), fmt::format("its object: {}", bytes.error().message));
    } else if (bytes->size() != part->size() || sha_.of(*bytes) != *hash) {
      add(Fault::object_corrupt, found.position, header.stream(), header.seq(), fmt::format("its object {} has other bytes", hex));
    } else {
      ++report_.objects;
    }
  }

  void take_loss(const RecordHeader& header, const FoundRecord& found) {
    ++report_.losses;
    const auto loss = parse_payload<Loss>(found.payload);
    // Only the broker names holes in its log: it has asked for the writer's own word and, where it was at fault, for its own signature.
    const auto writer = parse_stream(header.stream());
    if (loss && loss->from_seq() > 0 && writer && writer->cls == StreamClass::broker) {
      if (loss->cause() == Loss::ROLLED_BACK)
        if (const auto trouble = keys_.check_checkpoint(loss->vouched()))
          return add(trouble->fault, found.position, header.stream(), header.seq(),
                     "it lays a hole to the broker's going back, on a checkpoint that does not hold: " + trouble->what);
      named_[loss->stream()].push_back(*loss);
    }
    if (loss && loss->cause() == Loss::OBJECT_MISSING) lost_.push_back({loss->stream(), loss->from_us(), loss->to_us()});
  }

  /// An agent deletes in its own log what the broker has: "objects/<camera stream>/<seq>" is every object of that stream
  /// up to that record. One object goes by its hash.
  void take_deleted(const RecordHeader& header, const std::string& subject) {
    constexpr std::string_view kAllUpTo = "objects/";
    const auto slash = subject.rfind('/');
    const auto writer = parse_stream(header.stream());
    if (subject.rfind(kAllUpTo, 0) != 0 || slash < kAllUpTo.size() || !writer || writer->cls != StreamClass::agent) {
      deleted_.insert(subject);
      return;
    }
    const std::string stream = subject.substr(kAllUpTo.size(), slash - kAllUpTo.size());
    const auto name = parse_stream(stream);
    std::uint64_t seq = 0;
    const char* end = subject.data() + subject.size();
    const auto [stopped, error] = std::from_chars(subject.data() + slash + 1, end, seq);
    // Only what is its own centre's to delete.
    if (error != std::errc() || stopped != end || !name || name->cls != StreamClass::camera || name->centre != writer->centre) return;
    deleted_up_to_[stream] = std::max(deleted_up_to_[stream], seq);
  }

  /// Never in a broker's log: what an agent deleted at the centre is no excuse for the server.
  bool deleted_at_agent(const MissingObject& m) const {
    const auto up_to = deleted_up_to_.find(m.finding.stream);
    return !of_broker_ && up_to != deleted_up_to_.end() && m.finding.seq <= up_to->second;
  }

  /// A stream may go on behind a hole that is named exactly, and nowhere else. The name of one in the broker's own stream comes behind it.
  void settle_holes() {
    for (const Gap& gap : gaps_) {
      const auto& losses = named_[gap.stream];
      const auto loss = std::find_if(losses.begin(), losses.end(), [&](const Loss& l) {
        return l.from_seq() == gap.from_seq && l.to_seq() == gap.to_seq && l.last_hash() == gap.last_hash;
      });
      if (loss == losses.end()) {
        add(Fault::sequence, gap.position, gap.stream, gap.to_seq + 1,
            gap.from_seq == 1 ? "the stream does not begin with record 1"
                              : fmt::format("it follows record {} of its stream", gap.from_seq - 1));
        continue;
      }
      const std::string cause = Loss::Cause_Name(loss->cause());
      report_.holes.push_back({gap.stream, gap.from_seq, gap.to_seq, cause, gap.position, loss->detail()});
      report_.notes.push_back({fmt::format("stream {}: records {} to {} are missing and named as such ({}): {}", gap.stream, gap.from_seq,
                                           gap.to_seq, cause, loss->detail()),
                               fmt::format("流 {}：缺少记录 {} 至 {}，日志中已注明（{}）", gap.stream, gap.from_seq, gap.to_seq,
                                           loss->cause() == Loss::ROLLED_BACK  ? "服务器曾确认，后来回退丢失"
                                           : loss->cause() == Loss::UNREADABLE ? "考点一侧的副本已无法读取"
                                                                               : "服务器拒收")});
    }
  }

  /// The record that accounts for a missing object may come long after the part.
  void settle_objects() {
    for (const MissingObject& m : missing_) {
      const bool deleted = deleted_.count(m.hex) > 0 || deleted_.count("object/" + m.hex) > 0 || deleted_at_agent(m);
      const bool lost = std::any_of(lost_.begin(), lost_.end(), [&](const LostSpan& span) {
        return span.stream == m.finding.stream && span.from_us <= m.from_us && m.to_us <= span.to_us;
      });
      if (deleted || lost)
        ++report_.objects_accounted;
      else
        add(m.finding.fault, m.finding.position, m.finding.stream, m.finding.seq, m.finding.what);
    }
  }

  void note_unsigned() {
    for (const auto& [name, stream] : streams_) {
      if (stream.head_seq == stream.seq) continue;
      if (stream.head_seq == 0)
        report_.notes.push_back({fmt::format("stream {}: none of its {} records is signed yet", name, stream.seq),
                                 fmt::format("流 {}：{} 条记录均尚未签名", name, stream.seq)});
      else
        report_.notes.push_back(
            {fmt::format("stream {}: {} records after its last head are not signed yet", name, stream.seq - stream.head_seq),
             fmt::format("流 {}：最后一个流头之后的 {} 条记录尚未签名", name, stream.seq - stream.head_seq)});
    }
  }

  const std::optional<fs::path> objects_;
  Signatures keys_;
  Report report_;
  Tree tree_;
  Sha256 sha_;
  std::map<std::string, Stream> streams_;
  std::vector<std::pair<std::size_t, std::uint64_t>> unread_;  // index of the finding, positions not yet explained
  std::vector<Gap> gaps_;
  std::map<std::string, std::vector<Loss>> named_;
  std::set<Hash> seen_;
  std::vector<MissingObject> missing_;
  std::vector<LostSpan> lost_;
  std::set<std::string> deleted_;
  std::map<std::string, std::uint64_t> deleted_up_to_;  // camera stream → last record whose object its agent deleted
  const std::vector<KeptCheckpoint> kept_;
  std::map<std::uint64_t, std::optional<Hash>> kept_roots_;  // size of a kept checkpoint → this log's root there, once reached
  std::uint64_t newest_size_ = 0;
  std::uint64_t parts_unchecked_ = 0;
  bool begins_later_ = false;
  bool tree_whole_ = true;
  bool damaged_ = false;
  bool of_broker_ = false;  // it has a broker's own stream
};

}  // namespace

Result<Report> verify_log(const fs::path& folder, const Options& options) {
  std::error_code error;
  const bool data = fs::is_directory(folder / "log", error);
  const fs::path log = data ? folder / "log" : folder;
  std::optional<fs::path> objects = options.objects;
  // A data folder has its objects in it; without any, every video part misses its own.
  if (!objects && data) objects = folder / "objects";
  if (!objects && fs::is_directory(log / ".." / "objects", error)) objects = log / ".." / "objects";
  if (options.skip_objects) objects.reset();
  if (options.objects && !options.skip_objects && !fs::is_directory(*objects, error))
    return fail(ErrorCode::not_found, fmt::format("{}: there is no such folder of objects", objects->string()), objects->string());

  std::uint64_t begin = UINT64_MAX;
  Verifier verifier(options, objects);
  const auto first = [&](std::uint64_t position) {
    if (begin != UINT64_MAX) return;
    begin = position;
    verifier.start_at(position);
  };
  const auto read = read_folder(
      log,
      [&](const FoundRecord& record) {
        first(record.position);
        verifier.take(record);
      },
      [&](const BadBytes& bad) {
        first(bad.position);
        verifier.take_bad(bad);
      });
  if (!read) return tl::make_unexpected(read.error());
  return verifier.finish(*read);
}

}  // namespace invigil::verify
