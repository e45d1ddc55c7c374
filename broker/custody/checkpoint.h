#pragma once
// What the broker signs of its log as a whole: checkpoints (how long it is, its tree's root) and epochs (which log it is).

#include <string>
#include <string_view>

#include "broker/platform/crypto/crypto.h"
#include "models/record.pb.h"
#include "models/result.h"
#include "models/time.h"

namespace invigil {

/// A signed checkpoint of log `log` (the broker's id): records at positions below `tree_size` have the tree root `root`.
Checkpoint make_checkpoint(std::string_view log, std::uint64_t tree_size, const Hash& root, Instant at, const SigningKey& key);

/// Checks the form and the signature. `invalid` for a malformed one, `unsupported` for algorithms this build lacks,
/// `denied` when the key is not `public_key` (32 bytes) or the signature is not its.
Result<> check_checkpoint(const Checkpoint& checkpoint, std::string_view public_key);

/// A signed epoch of log `log` (the broker's id), with a fresh random id.
LogEpoch make_epoch(std::string_view log, std::uint64_t from, LogEpoch::Cause cause, std::string_view previous, Instant at,
                    const SigningKey& key);

/// Checks the form and the signature, as check_checkpoint does.
Result<> check_epoch(const LogEpoch& epoch, std::string_view public_key);

}  // namespace invigil
