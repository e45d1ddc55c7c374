#pragma once
// The Merkle tree of RFC 6962 without storage: hashes, the growing frontier, and checking of proofs.

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "broker/platform/crypto/crypto.h"

namespace invigil {

/// RFC 6962, 2.1. In the broker's tree the data of a leaf is the record's hash (32 bytes).
Hash merkle_leaf(std::string_view data);
Hash merkle_leaf(const Hash& record_hash);
Hash merkle_node(const Hash& left, const Hash& right);
/// Root of a tree without leaves: the hash of nothing.
Hash merkle_empty_root();

/// The roots of the perfect subtrees a growing tree consists of, largest first: all that is needed to append and to
/// know the root. Appending costs two hashes on average. Single-thread.
///
///   7 leaves:      *          sizes 4, 2, 1: the bits of the number of leaves
///                 / |  .
///                4  2  1
class MerkleFrontier {
 public:
  MerkleFrontier() = default;
  /// Continues a tree of `size` leaves from its perfect subtrees' roots (as many as `size` has bits set).
  MerkleFrontier(std::uint64_t size, std::vector<Hash> subtrees) : size_(size), subtrees_(std::move(subtrees)) {}

  /// Adds a leaf (merkle_leaf) and calls `completed(level, hash)` for each subtree of 2^level leaves it completes, level 0 first.
  template <class Completed>
  void append(const Hash& leaf, Completed completed) {
    Hash hash = leaf;
    completed(0u, hash);
    unsigned level = 0;
    for (std::uint64_t bits = size_; (bits & 1) != 0; bits >>= 1) {
      hash = merkle_node(subtrees_.back(), hash);
      subtrees_.pop_back();
      completed(++level, hash);
    }
    subtrees_.push_back(hash);
    ++size_;
  }

  std::uint64_t size() const { return size_; }
  Hash root() const;

 private:
  std::uint64_t size_ = 0;
  std::vector<Hash> subtrees_;
};

/// Does `proof` show that `leaf` is number `index` (from 0) of the tree of `size` leaves with `root`? RFC 9162, 2.1.3.2.
bool verify_inclusion(const Hash& leaf, std::uint64_t index, std::uint64_t size, std::span<const Hash> proof, const Hash& root);

/// Does `proof` show that the tree of `new_size` leaves begins with the tree of `old_size` leaves? RFC 9162, 2.1.4.2.
/// A tree is consistent with itself and every tree with the empty one, by an empty proof.
bool verify_consistency(std::uint64_t old_size, const Hash& old_root, std::uint64_t new_size, const Hash& new_root,
                        std::span<const Hash> proof);

}  // namespace invigil
