#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "broker/custody/verify/verifier.h"

namespace invigil::verify {
namespace {

struct Words {
  const char* name;
  const char* chinese;
  const char* english;
};

const Words& words(Fault fault) {
  static const Words kWords[] = {
      {"checksum", "存储的字节校验不符或缺失", "stored bytes fail their checksum or are missing"},
      {"format", "格式有误", "malformed"},
      {"sequence", "所属流的序号不连续", "its stream's numbering is broken"},
      {"chain", "未与所属流的上一条记录相连", "not chained to the record before it"},
      {"payload", "内容与记录头所载的哈希不符", "the payload is not the one its header states"},
      {"signature", "签名不正确", "the signature is wrong"},
      {"key", "签名密钥不属于已登记的写入方", "signed by a key that is not its enrolled writer's"},
      {"head", "流头签名的不是它前面的记录", "the head signs something else than the record before it"},
      {"tree", "检查点与记录的哈希树不符", "the checkpoint does not fit the records' tree"},
      {"object_missing", "视频对象缺失，且没有记录说明原因", "a video object is missing and no record says why"},
      {"object_corrupt", "视频对象的字节已改变", "a video object has other bytes"},
      {"kept_checkpoint", "与另行保存的检查点不符", "a checkpoint kept elsewhere does not fit"},
      {"unsupported", "使用了本程序不认识的算法", "made by an algorithm this program does not know"},
  };
  return kWords[static_cast<std::size_t>(fault)];
}

nlohmann::json to_json(const Finding& f) {
  return {{"position", f.position}, {"stream", f.stream}, {"seq", f.seq}, {"fault", name_of(f.fault)}, {"what", f.what}};
}

}  // namespace

const char* name_of(Fault fault) { return words(fault).name; }

nlohmann::json to_json(const Report& r) {
  nlohmann::json findings = nlohmann::json::array();
  for (const Finding& f : r.findings) findings.push_back(to_json(f));
  nlohmann::json notes = nlohmann::json::array();
  for (const Note& note : r.notes) notes.push_back(note.english);
  nlohmann::json holes = nlohmann::json::array();
  for (const NamedHole& hole : r.holes)
    holes.push_back({{"stream", hole.stream},
                     {"from_seq", hole.from_seq},
                     {"to_seq", hole.to_seq},
                     {"cause", hole.cause},
                     {"position", hole.position},
                     {"detail", hole.detail}});
  nlohmann::json out{{"verify", r.ok() ? "ok" : "bad"},
                     {"begin", r.begin},
                     {"records", r.records},
                     {"segments", r.segments},
                     {"streams", r.streams},
                     {"heads", r.heads},
                     {"checkpoints", r.checkpoints},
                     {"covered_by_checkpoint", r.covered},
                     {"losses", r.losses},
                     {"holes", holes},
                     {"objects_checked", r.objects_checked},
                     {"objects", r.objects},
                     {"objects_accounted", r.objects_accounted},
                     {"public_keys", r.public_keys},
                     {"public_keys_from", r.keys_from_log ? "log" : "given"},
                     {"faults", r.faults},
                     {"findings", findings},
                     {"notes", notes}};
  nlohmann::json kept = nlohmann::json::array();
  for (const KeptFinding& k : r.kept)
    kept.push_back(
        {{"checkpoint", k.name}, {"tree_size", k.tree_size}, {"at_us", k.at_us}, {"verdict", name_of(k.verdict)}, {"what", k.english}});
  out["kept_checkpoints"] = kept;
  out["first_bad"] = r.findings.empty() ? nlohmann::json() : findings.front();
  return out;
}

std::string to_text(const Report& r, bool chinese) {
  std::string out;
  if (chinese)
    out += fmt::format("已检查：{} 条记录，{} 个流，{} 个流头签名，{} 个检查点（覆盖前 {} 条），{} 条缺失说明\n", r.records, r.streams,
                       r.heads, r.checkpoints, r.covered, r.losses);
  else
    out += fmt::format("checked: {} records, {} streams, {} signed heads, {} checkpoints (over the first {}), {} listed losses\n",
                       r.records, r.streams, r.heads, r.checkpoints, r.covered, r.losses);
  if (r.objects_checked)
    out += chinese ? fmt::format("视频对象：{} 个完好，{} 个缺失但有说明\n", r.objects, r.objects_accounted)
                   : fmt::format("video objects: {} good, {} absent and accounted for\n", r.objects, r.objects_accounted);
  else
    out += chinese ? "视频对象：未检查\n" : "video objects: not checked\n";
  for (const auto& key : r.public_keys) {
    const char* source =
        r.keys_from_log ? (chinese ? "（取自日志本身）" : " (taken from the log itself)") : (chinese ? "（由您给出）" : " (given)");
    out += fmt::format("{}{}{}\n", chinese ? "服务器公钥：" : "broker's key: ", key, source);
  }
  for (const auto& k : r.kept)
    out += chinese ? fmt::format("另存的检查点 {}：{}\n", k.name, k.chinese) : fmt::format("checkpoint {}: {}\n", k.name, k.english);
  for (const auto& note : r.notes) out += chinese ? fmt::format("说明：{}\n", note.chinese) : fmt::format("note: {}\n", note.english);
  for (std::size_t i = 0; i < r.findings.size() && i < 20; ++i) {
    const Finding& f = r.findings[i];
    const std::string stream = f.stream.empty() ? (chinese ? "（无法辨认）" : "(no longer readable)") : f.stream;
    if (chinese)
      out += fmt::format("{}：位置 {}，流 {}，序号 {}：{}（{}）\n", i == 0 ? "首条有误" : "有误", f.position, stream, f.seq,
                         words(f.fault).chinese, f.what);
    else
      out += fmt::format("{}: position {}, stream {}, seq {}: {} ({})\n", i == 0 ? "first bad record" : "bad", f.position, stream, f.seq,
                         words(f.fault).english, f.what);
  }
  if (r.faults > 20) out += chinese ? fmt::format("……共 {} 处\n", r.faults) : fmt::format("… {} in all\n", r.faults);
  if (chinese)
    out += r.ok() ? "结论：通过\n" : "结论：不通过\n";
  else
    out += r.ok() ? "verdict: ok\n" : "verdict: bad\n";
  return out;
}

}  // namespace invigil::verify
