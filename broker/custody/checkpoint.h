#pragma once
// Checkpoints: the broker's signed statement of how long its log is and what its tree's root is.

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

}  // namespace invigil
