// invigil-verify: checks a log offline with public keys only.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "broker/crypto/crypto.h"
#include "broker/custody/verify/verifier.h"
#include "models/logging/json_lines.h"

int main(int argc, char** argv) {
  CLI::App app{"核验 Invigil 日志：逐条检查校验和、哈希链、签名、哈希树与视频对象，指出第一条有误的记录。\n"
               "Checks an Invigil log offline: checksums, chain, signatures, tree and video objects; names the first bad record."};
  std::string log;
  std::vector<std::string> hex_keys;
  std::string objects;
  std::string language = "zh";
  bool json = false;
  bool no_objects = false;
  app.add_option("LOG", log, "数据文件夹（含 log/）或日志分段所在文件夹 / a program's data folder (with log/) or a folder of segments")->required();
  app.add_flag("--json", json, "以 JSON 输出 / print one JSON object");
  app.add_option("--public-key", hex_keys, "服务器签名公钥，十六进制，可多个 / the broker's signing key in hex, may be repeated")->allow_extra_args(false);
  auto* folder = app.add_option("--objects", objects, "视频对象文件夹 / the folder of video objects (default: objects beside the log)");
  app.add_flag("--no-objects", no_objects, "不检查视频对象 / do not check video objects")->excludes(folder);
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
  const auto report = invigil::verify::verify_log(log, options);
  if (!report) {
    std::fprintf(stderr, "%s\n", report.error().message.c_str());
    return 2;
  }
  const auto text = json ? invigil::verify::to_json(*report).dump() + "\n" : invigil::verify::to_text(*report, language == "zh");
  std::fputs(text.c_str(), stdout);
  return report->ok() ? 0 : 1;
}
