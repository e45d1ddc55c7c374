#pragma once
// A small broker's data folder for tests of invigil-verify: real log, tree, objects and signatures, and ways to spoil them.

#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "broker/custody/checkpoint.h"
#include "broker/custody/merkle_tree.h"
#include "broker/custody/stream_writer.h"
#include "broker/log/posix_disk.h"
#include "broker/log/segment_log.h"
#include "broker/objects/file_object_store.h"
#include "models/media.pb.h"
#include "models/registry.pb.h"

namespace invigil::verify {

/// Makes `<temporary>/data` with log, tree and objects; removes it at the end. Aborts where a step fails.
class TestLog {
 public:
  TestLog() {
    std::string pattern = (std::filesystem::temp_directory_path() / "invigil_verify_XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) abort_with("no temporary folder");
    folder_ = pattern;
    open();
  }
  ~TestLog() { std::filesystem::remove_all(folder_); }
  TestLog(const TestLog&) = delete;
  TestLog& operator=(const TestLog&) = delete;

  std::filesystem::path data() const { return folder_ / "data"; }
  const SigningKey& broker_key() const { return broker_key_; }
  const SigningKey& agent_key() const { return agent_key_; }
  StreamWriter& broker() { return *broker_; }
  StreamWriter& camera() { return *camera_; }
  SegmentLog& log() { return *log_; }
  FileObjectStore& objects() { return *objects_; }

  When when() {
    at_ += 1000;
    return {{at_}, {at_}, at_};
  }

  void append(const SealedRecord& record) {
    if (!log_->append(std::vector{record.appendable()})) abort_with("append");
    if (!tree_->append({&record.hash, 1})) abort_with("tree");
  }

  void enrol(const std::string& id, Role role, const std::string& centre, const SigningKey& key) {
    Principal p;
    p.set_id(id);
    p.set_role(role);
    p.set_centre(centre);
    p.set_signing_public_key(key.public_key());
    append(broker().seal(PRINCIPAL_ENROLLED, when(), p.SerializeAsString()));
  }

  /// A video part whose object is stored. Returns the object's hash.
  Hash part(const std::string& bytes, bool store = true) {
    const Hash hash = sha256(bytes);
    if (store && !objects_->put_if_absent(hash, bytes)) abort_with("object");
    VideoPart p;
    p.set_camera("cam1");
    p.set_object(bytes_of(hash));
    p.set_size(bytes.size());
    const When now = when();
    p.set_start_us(now.from.us);
    p.set_duration_us(500);
    append(camera().seal(VIDEO_PART, now, p.SerializeAsString()));
    return hash;
  }

  void checkpoint() {
    const auto c = make_checkpoint("b1", tree_->size(), tree_->root(), {at_}, broker_key_);
    append(broker().seal(CHECKPOINT, when(), c.SerializeAsString()));
    append(broker().seal_head(when()));
  }

  /// Enrolment, video with heads, checkpoints: nothing wrong in it.
  void fill(int rounds) {
    enrol("a1", AGENT, "c1", agent_key_);
    append(broker().seal_head(when()));
    for (int i = 0; i < rounds; ++i) {
      part("video " + std::to_string(i));
      part("more video " + std::to_string(i));
      append(camera().seal_head(when()));
      checkpoint();
    }
  }

  void close() {
    log_.reset();
    tree_.reset();
  }

  /// A record's bytes may lie across no two segments: every .seg file, sorted.
  std::vector<std::filesystem::path> segments() const {
    std::set<std::filesystem::path> out;
    for (const auto& entry : std::filesystem::directory_iterator(data() / "log")) out.insert(entry.path());
    return {out.begin(), out.end()};
  }

  static std::string bytes_in(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static void put_byte(const std::filesystem::path& file, std::uint64_t at, char byte) {
    std::fstream out(file, std::ios::binary | std::ios::in | std::ios::out);
    out.seekp(static_cast<std::streamoff>(at));
    out.put(byte);
  }

 private:
  void open() {
    log_disk_ = std::move(*PosixDisk::open_folder(data() / "log"));
    SegmentLogOptions options;
    options.segment_bytes = 4 << 10;
    options.zero_ahead_bytes = 0;
    log_ = std::move(*SegmentLog::open(*log_disk_, options));
    tree_disk_ = std::move(*PosixDisk::open_folder(data() / "tree"));
    tree_ = std::move(*MerkleTree::open(*tree_disk_));
    objects_ = std::move(*FileObjectStore::open(data() / "objects"));
    broker_ = std::make_unique<StreamWriter>("broker/b1", StreamTip(), broker_key_, std::string(16, 'b'));
    camera_ = std::make_unique<StreamWriter>("camera/c1/cam1", StreamTip(), agent_key_, std::string(16, 'a'));
  }

  std::filesystem::path folder_;
  SigningKey broker_key_ = SigningKey::from_seed(sha256("broker"));
  SigningKey agent_key_ = SigningKey::from_seed(sha256("agent"));
  std::int64_t at_ = 1'700'000'000'000'000;
  std::unique_ptr<PosixDisk> log_disk_, tree_disk_;
  std::unique_ptr<SegmentLog> log_;
  std::unique_ptr<MerkleTree> tree_;
  std::unique_ptr<FileObjectStore> objects_;
  std::unique_ptr<StreamWriter> broker_, camera_;
};

}  // namespace invigil::verify
