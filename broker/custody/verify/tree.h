#pragma once
// invigil-verify's own RFC 6962 tree: grows leaf by leaf and knows its root at recent sizes.

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "broker/platform/crypto/crypto.h"

namespace invigil::verify {

/// Keeps the hashes of whole groups of 256 leaves and above for good and single leaves of the newest million: about
/// 40 MiB and then 0.25 bytes a leaf. Single-thread.
class Tree {
 public:
  /// `record_hash` is the data of the next leaf.
  void add(const Hash& record_hash);
  std::uint64_t size() const { return size_; }
  /// Root of the first `size` leaves; empty when there are fewer or they lie too far back.
  std::optional<Hash> root_at(std::uint64_t size);

 private:
  static constexpr std::uint64_t kGroup = 256;
  static constexpr std::uint64_t kLeavesKept = 1 << 20;
  Hash join(const Hash& left, const Hash& right);
  Hash over(std::vector<Hash> row);

  std::uint64_t size_ = 0;
  std::deque<Hash> leaves_;               // the newest, from first_leaf_
  std::uint64_t first_leaf_ = 0;          // a multiple of kGroup
  std::vector<std::vector<Hash>> above_;  // above_[k][i] = root of leaves [i·256·2^k, (i+1)·256·2^k)
  Sha256 sha_;
};

}  // namespace invigil::verify
