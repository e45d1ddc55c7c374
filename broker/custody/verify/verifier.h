#pragma once
// What invigil-verify does, as a library: checks a whole log offline and names what is wrong.

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "broker/custody/verify/kept_checkpoint.h"
#include "models/result.h"

namespace invigil::verify {

/// What is wrong, in one word; the names are stable.
enum class Fault {
  checksum,         ///< stored bytes fail their checksum, or are missing
  format,           ///< a segment or a record is malformed
  sequence,         ///< a stream's numbering has a hole or a repetition
  chain,            ///< a record is not chained to the one before it
  payload,          ///< the payload is not the one the header states
  signature,        ///< a head's or checkpoint's signature is wrong
  key,              ///< signed by a key that is not the enrolled writer's
  head,             ///< a head does not sign the record before it
  tree,             ///< a checkpoint's root is not that of the records
  object_missing,   ///< a video part's object is absent and no record accounts for it
  object_corrupt,   ///< a video part's object has other bytes
  kept_checkpoint,  ///< a checkpoint kept elsewhere does not fit this log
  unsupported       ///< made by an algorithm this program does not know
};
const char* name_of(Fault fault);

/// One thing that is wrong, at a record.
struct Finding {
  Fault fault{};
  std::uint64_t position = 0;
  std::string stream;     ///< empty when the bytes no longer say
  std::uint64_t seq = 0;  ///< 0 when the bytes no longer say
  std::string what;       ///< English, with file and offset where that helps
};

/// Something harmless a reader of the report should know.
struct Note {
  std::string english;
  std::string chinese;
};

/// Records of a stream that are missing and named as missing: what the log says of it itself.
struct NamedHole {
  std::string stream;
  std::uint64_t from_seq = 0;
  std::uint64_t to_seq = 0;
  std::string cause;           ///< ROLLED_BACK, UNREADABLE or REFUSED
  std::uint64_t position = 0;  ///< of the record behind it
  std::string detail;          ///< English, as recorded
};

/// What was checked and found.
struct Report {
  std::uint64_t begin = 0, records = 0, segments = 0, streams = 0, heads = 0, checkpoints = 0, losses = 0;
  std::uint64_t objects = 0, objects_accounted = 0;  ///< present and right; absent with a record that says why
  bool objects_checked = false;
  std::uint64_t covered = 0;             ///< records below the newest good checkpoint
  std::vector<std::string> public_keys;  ///< of the broker, hex
  bool keys_from_log = false;            ///< the keys were taken from the log itself: consistent, but not proved to be the broker's
  std::uint64_t faults = 0;
  std::vector<Finding> findings;  ///< by position, the first thousand
  std::vector<Note> notes;
  std::vector<NamedHole> holes;      ///< not faults: each is named by a signed record; a reader of the report should see them
  std::vector<KeptFinding> kept;     ///< of every checkpoint given, in the order given
  std::optional<Checkpoint> newest;  ///< the log's newest good checkpoint: what to keep elsewhere
  bool ok() const { return faults == 0; }
};

/// What to check against.
struct Options {
  std::vector<std::string> public_keys;          ///< the broker's signing keys, 32 raw bytes each; none = take the first one the log names
  std::optional<std::filesystem::path> objects;  ///< none = `objects` in the data folder or beside the segments
  bool skip_objects = false;
  std::vector<KeptCheckpoint> checkpoints = {};  ///< kept elsewhere: the log must extend each of them
};

/// Checks the log in `folder`: a program's data folder (with `log/`) or a folder of segments. Changes nothing; memory
/// grows with streams and video parts, not with records. Fails only when there is nothing to check: `not_found`, `unavailable`.
///
/// Proves, given the broker's public key: every record is as its writer made it, none was altered, dropped, inserted,
/// reordered or moved to another stream below the newest checkpoint; of later ones, below each stream's newest head.
/// Does not prove that the log is the newest there is: for that give `checkpoints` kept elsewhere. With one of them it also proves
/// that the log still begins with the records that one was signed over, whoever holds the broker's key today.
Result<Report> verify_log(const std::filesystem::path& folder, const Options& options);

/// For programs.
nlohmann::json to_json(const Report& report);
/// For people; `chinese` or English.
std::string to_text(const Report& report, bool chinese);

}  // namespace invigil::verify
