// invigil-verify: checks a log offline with public keys only.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "broker/custody/verify/verifier.h"
#include "broker/platform/crypto/crypto.h"
#include "models/logging/json_lines.h"

namespace {

invigil::Result<invigil::Checkpoint> read_checkpoint(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  if (!in.is_open() || in.bad())
    return invigil::fail(invigil::ErrorCode::not_found, fmt::format("无法读取 {} / {} cannot be read", file, file));
  return invigil::verify::parse_kept_text(text, file);
}

/// Only of a log that passed: a checkpoint of a spoilt one would vouch for it later.
bool exported(const invigil::verify::Report& report, const std::string& file) {
  const char* why = nullptr;
  if (!report.ok())
    why = "日志未通过核验 / the log did not pass";
  else if (!report.newest)
    why = "日志中没有可用的检查点 / the log has no checkpoint that could be recalculated";
  if (why == nullptr) {
    std::ofstream out(file, std::ios::binary | std::ios::trunc);
    out << invigil::verify::to_kept_text(*report.newest);
    out.close();
    if (!out) why = "文件无法写入 / the file cannot be written";
  }
  if (why != nullptr) std::fprintf(stderr, "--export-checkpoint %s: %s\n", file.c_str(), why);
  return why == nullptr;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "核验 Invigil 日志：逐条检查校验和、哈希链、签名、哈希树与视频对象，指出第一条有误的记录。\n"
      "Checks an Invigil log offline: checksums, chain, signatures, tree and video objects; names the first bad record."};
  std::string log;
  std::vector<std::string> hex_keys;
  std::string objects;
  std::string language = "zh";
  std::vector<std::string> checkpoint_files;
  std::string export_file;
  bool json = false;
  bool no_objects = false;
  app.add_option("LOG", log, "数据文件夹（含 log/）或日志分段所在文件夹 / a program's data folder (with log/) or a folder of segments")
      ->required();
  app.add_flag("--json", json, "以 JSON 输出 / print one JSON object");
  app.add_option("--public-key", hex_keys, "服务器签名公钥，十六进制，可多个 / the broker's signing key in hex, may be repeated")
      ->allow_extra_args(false);
  auto* folder = app.add_option("--objects", objects, "视频对象文件夹 / the folder of video objects (default: objects beside the log)");
  app.add_flag("--no-objects", no_objects, "不检查视频对象 / do not check video objects")->excludes(folder);
  app.add_option("--checkpoint", checkpoint_files,
                 "另行保存的检查点文件，可多个：日志必须是它的延续 / a checkpoint kept elsewhere, may be repeated: the log must extend it")
      ->allow_extra_args(false);
  app.add_option(
      "--export-checkpoint", export_file,
      "核验通过后，将最新的检查点写入此文件，请另行保存 / if all is right, write the newest checkpoint here, to be kept elsewhere");
  app.add_option("--lang", language, "zh | en")->check(CLI::IsMember({"zh", "en"}));
  app.set_version_flag("--version", "invigil-verify 0.1.0");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (auto quiet = invigil::log_json_lines("invigil-verify", "error"); !quiet) return 2;
  invigil::verify::Options options;
  options.skip_objects = no_objects;
  if (!objects.empty()) options.objects = objects;
  for (const auto& hex : hex_keys) {
    auto key = invigil::from_hex(hex);
    if (!key || key->size() != 32) {
      std::fprintf(stderr, "--public-key %s: 应为 64 位十六进制数 / must be 64 hexadecimal digits\n", hex.c_str());
      return 2;
    }
    options.public_keys.push_back(*key);
  }
  for (const auto& file : checkpoint_files) {
    const auto checkpoint = read_checkpoint(file);
    if (!checkpoint) {
      std::fprintf(stderr, "--checkpoint: %s\n", checkpoint.error().message.c_str());
      return 2;
    }
    options.checkpoints.push_back({file, *checkpoint});
  }
  const auto report = invigil::verify::verify_log(log, options);
  if (!report) {
    std::fprintf(stderr, "%s\n", report.error().message.c_str());
    return 2;
  }
  const auto text = json ? invigil::verify::to_json(*report).dump() + "\n" : invigil::verify::to_text(*report, language == "zh");
  std::fputs(text.c_str(), stdout);
  if (!export_file.empty() && !exported(*report, export_file)) return 1;
  return report->ok() ? 0 : 1;
}
