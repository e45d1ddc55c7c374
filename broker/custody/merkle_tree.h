#pragma once
// The broker's tree over its log, kept in tile files: grows, knows its root at any size, makes proofs.

#include <array>
#include <memory>
#include <span>
#include <vector>

#include "broker/custody/merkle.h"
#include "broker/log/disk.h"

namespace invigil {

/// The RFC 6962 tree whose leaf i is the record at position i. Single-thread. A projection of the log: when its files are
/// gone or broken it is made anew by appending every record's hash again.
///
/// Files `tree-0`, `tree-1`…: tree-k holds the roots of all complete subtrees of 256^k leaves, 32 bytes each, in order;
/// a tile is a run of 256 of them. `tree-state` says up to where they are durable (README.md).
class MerkleTree {
 public:
  /// Loads what `disk` (which must outlive it) holds. A state that does not fit the tiles is not an error:
  /// the tree is then empty and `rebuilt()` says so. After it append the hashes of the records from size() on.
  static Result<std::unique_ptr<MerkleTree>> open(Disk& disk);
  ~MerkleTree();

  /// Adds the hashes of the records at positions size(), size() + 1…; about two hashes each. Fails only when buffered
  /// tiles cannot be written (then the tree must be opened again).
  Result<> append(std::span<const Hash> record_hashes);
  /// Adds the leaf of a record that nobody can read any more and whose hash is not known: the hash of 32 zero bytes stands for it.
  Result<> append_unreadable();
  /// Makes the tree durable up to here. Call with each checkpoint: after a crash only what came later is appended again.
  Result<> save();

  /// Forgets the leaves from `size` on: the log no longer has their records. `invalid` when there are fewer; `corrupt` when the
  /// tiles cannot be read, and then the tree must be made anew. Durable with the next save().
  Result<> cut_back(std::uint64_t size);

  std::uint64_t size() const { return frontier_.size(); }
  Hash root() const { return frontier_.root(); }
  bool rebuilt() const { return rebuilt_; }

  /// The hash of leaf `index` (merkle_leaf of its record's hash); `invalid` when there is none.
  Result<Hash> leaf(std::uint64_t index) const;
  /// Root of the first `size` leaves; `invalid` when there are fewer.
  Result<Hash> root_at(std::uint64_t size) const;
  /// Audit path of leaf `index` in the tree of the first `size` leaves (RFC 6962, 2.1.1).
  Result<std::vector<Hash>> inclusion_proof(std::uint64_t index, std::uint64_t size) const;
  /// Shows that the tree of `new_size` leaves extends that of `old_size` (RFC 6962, 2.1.2).
  Result<std::vector<Hash>> consistency_proof(std::uint64_t old_size, std::uint64_t new_size) const;

 private:
  struct TileFile {
    std::unique_ptr<DiskFile> file;
    std::uint64_t written = 0;  ///< hashes in the file
    std::string buffered;       ///< hashes after those
  };
  static constexpr unsigned kTileHeight = 8;
  static constexpr unsigned kTileFiles = 8;  ///< 2^64 leaves

  explicit MerkleTree(Disk& disk) : disk_(disk) {}
  Result<bool> load();
  Result<std::vector<Hash>> subtrees_of(std::uint64_t size) const;
  Result<TileFile*> tile_file(unsigned k);
  Result<> flush();
  Result<Hash> stored(unsigned k, std::uint64_t index) const;
  Result<Hash> node(unsigned level, std::uint64_t index) const;
  Result<Hash> range(std::uint64_t begin, std::uint64_t end) const;
  Result<> prove_consistency(std::uint64_t old_size, std::uint64_t begin, std::uint64_t end, bool whole, std::vector<Hash>& out) const;

  Disk& disk_;
  MerkleFrontier frontier_;
  std::array<TileFile, kTileFiles> tiles_;
  bool rebuilt_ = false;
};

}  // namespace invigil
