#pragma once
// A checkpoint as it is kept outside the log (a regulator's disk, a witness, the sheet): a small JSON text, and what it proves.

#include <cstdint>
#include <string>
#include <string_view>

#include "models/record.pb.h"
#include "models/result.h"

namespace invigil::verify {

/// One checkpoint kept elsewhere; `name` is what to call it in the report, such as its file.
struct KeptCheckpoint {
  std::string name;
  Checkpoint checkpoint;
};

/// How the log relates to it.
enum class KeptVerdict {
  fits,         ///< the log's first records are those it was signed over: the log extends it
  not_signed,   ///< its own signature is wrong
  other_key,    ///< signed by another key than this log's broker's
  cut_back,     ///< the log has fewer records than it covers
  rewritten,    ///< the log's first records are others
  not_compared  ///< the log lacks what is needed: its beginning was dropped, or bytes are unreadable
};

/// A kept checkpoint and its verdict, in both languages.
struct KeptFinding {
  std::string name;
  std::uint64_t tree_size = 0;
  std::int64_t at_us = 0;
  KeptVerdict verdict{};
  std::string english;
  std::string chinese;
};

/// What a verdict means for a log of `end` records.
KeptFinding in_words(const KeptCheckpoint& kept, KeptVerdict verdict, std::uint64_t end);
const char* name_of(KeptVerdict verdict);

/// The text that is kept: JSON, one line.
std::string to_kept_text(const Checkpoint& checkpoint);

/// Reads it back. `invalid` names what is wrong with the text, under `name`; the signature is not judged here.
Result<Checkpoint> parse_kept_text(std::string_view text, std::string_view name);

}  // namespace invigil::verify
