#include "broker/custody/merkle_tree.h"

#include <fmt/format.h>

#include <bit>

namespace invigil {
namespace {

constexpr std::string_view kStateFile = "tree-state";
constexpr std::string_view kStateMagic = "INVGTREE";
constexpr std::size_t kFlushBytes = 256 << 10;

std::string_view view(const Hash& hash) { return {reinterpret_cast<const char*>(hash.data()), hash.size()}; }

std::string encode_state(std::uint64_t size, const Hash& root) {
  std::string out(kStateMagic);
  for (unsigned i = 0; i < 8; ++i) out.push_back(static_cast<char>(size >> (8 * i) & 0xff));
  out.append(view(root));
  const std::uint32_t crc = crc32c(out);
  for (unsigned i = 0; i < 4; ++i) out.push_back(static_cast<char>(crc >> (8 * i) & 0xff));
  return out;
}

/// Largest power of two below n; n ≥ 2.
std::uint64_t split(std::uint64_t n) { return std::bit_floor(n - 1); }

}  // namespace

MerkleTree::~MerkleTree() = default;

Result<std::unique_ptr<MerkleTree>> MerkleTree::open(Disk& disk) {
  std::unique_ptr<MerkleTree> tree(new MerkleTree(disk));
  const auto loaded = tree->load();
  if (!loaded) return tl::make_unexpected(loaded.error());
  if (!*loaded) {
    tree.reset(new MerkleTree(disk));
    tree->rebuilt_ = true;
  }
  return tree;
}

Result<bool> MerkleTree::load() {
  auto file = disk_.open(kStateFile, false);
  if (!file) {
    if (file.error().code == ErrorCode::not_found) return true;  // a new tree
    return tl::make_unexpected(file.error());
  }
  const auto state = (*file)->read_at(0, 4096);
  if (!state) return tl::make_unexpected(state.error());
  if (state->size() != 52 || !state->starts_with(kStateMagic)) return false;
  std::uint64_t size = 0;
  for (unsigned i = 0; i < 8; ++i) size |= static_cast<std::uint64_t>(static_cast<unsigned char>((*state)[8 + i])) << (8 * i);
  const auto root = hash_from(std::string_view(*state).substr(16, 32));
  if (!root || encode_state(size, *root) != *state) return false;
  for (unsigned k = 0; k < kTileFiles && (size >> (kTileHeight * k)) > 0; ++k) {
    const auto tile = tile_file(k);
    if (!tile) return tl::make_unexpected(tile.error());
    (*tile)->written = size >> (kTileHeight * k);
    const auto bytes = (*tile)->file->size();
    if (!bytes) return tl::make_unexpected(bytes.error());
    if (*bytes / 32 < (*tile)->written) return false;
  }
  auto subtrees = subtrees_of(size);
  if (!subtrees) return subtrees.error().code == ErrorCode::corrupt ? Result<bool>(false) : tl::make_unexpected(subtrees.error());
  frontier_ = MerkleFrontier(size, std::move(*subtrees));
  return frontier_.root() == *root;
}

/// The roots of the largest complete subtrees of the first `size` leaves, left to right.
Result<std::vector<Hash>> MerkleTree::subtrees_of(std::uint64_t size) const {
  std::vector<Hash> subtrees;
  for (std::uint64_t bit = std::bit_floor(size), begin = 0; bit != 0; bit >>= 1) {
    if ((size & bit) == 0) continue;
    const auto level = static_cast<unsigned>(std::countr_zero(bit));
    const auto hash = node(level, begin >> level);
    if (!hash) return tl::make_unexpected(hash.error());
    subtrees.push_back(*hash);
    begin += bit;
  }
  return subtrees;
}

Result<> MerkleTree::cut_back(std::uint64_t size) {
  if (size > this->size()) return fail(ErrorCode::invalid, fmt::format("the tree has {} leaves, not {}", this->size(), size));
  if (auto flushed = flush(); !flushed) return flushed;
  auto subtrees = subtrees_of(size);
  if (!subtrees) return tl::make_unexpected(subtrees.error());
  frontier_ = MerkleFrontier(size, std::move(*subtrees));
  for (unsigned k = 0; k < kTileFiles; ++k) tiles_[k].written = size >> (kTileHeight * k);
  return {};
}

Result<Hash> MerkleTree::leaf(std::uint64_t index) const {
  if (index >= size()) return fail(ErrorCode::invalid, fmt::format("the tree has {} leaves, no leaf {}", size(), index));
  return stored(0, index);
}

Result<MerkleTree::TileFile*> MerkleTree::tile_file(unsigned k) {
  TileFile& tile = tiles_[k];
  if (!tile.file) {
    auto file = disk_.open(fmt::format("tree-{}", k), true);
    if (!file) return tl::make_unexpected(file.error());
    tile.file = std::move(*file);
  }
  return &tile;
}

Result<> MerkleTree::append(std::span<const Hash> record_hashes) {
  for (const Hash& record : record_hashes)
    frontier_.append(merkle_leaf(record), [this](unsigned level, const Hash& hash) {
      if (level % kTileHeight == 0) tiles_[level / kTileHeight].buffered.append(view(hash));
    });
  return tiles_[0].buffered.size() >= kFlushBytes ? flush() : Result<>();
}

Result<> MerkleTree::append_unreadable() { return append(std::span<const Hash>(&kZeroHash, 1)); }

Result<> MerkleTree::flush() {
  for (unsigned k = 0; k < kTileFiles; ++k) {
    if (tiles_[k].buffered.empty()) continue;
    const auto tile = tile_file(k);
    if (!tile) return tl::make_unexpected(tile.error());
    if (auto written = (*tile)->file->write_at((*tile)->written * 32, (*tile)->buffered); !written) return written;
    (*tile)->written += (*tile)->buffered.size() / 32;
    (*tile)->buffered.clear();
  }
  return {};
}

Result<> MerkleTree::save() {
  auto done = flush();
  for (unsigned k = 0; done && k < kTileFiles && tiles_[k].file; ++k) done = tiles_[k].file->sync();
  if (!done) return done;
  // The state only ever names tiles that are durable already.
  const std::string fresh = std::string(kStateFile) + ".new";
  auto file = disk_.open(fresh, true);
  if (!file) return tl::make_unexpected(file.error());
  done = (*file)->truncate(0);
  if (done) done = (*file)->write_at(0, encode_state(size(), root()));
  if (done) done = (*file)->sync();
  if (done) done = disk_.rename(fresh, kStateFile);
  if (done) done = disk_.sync_directory();
  return done;
}

Result<Hash> MerkleTree::stored(unsigned k, std::uint64_t index) const {
  const TileFile& tile = tiles_[k];
  if (index >= tile.written) {
    const std::uint64_t at = (index - tile.written) * 32;
    if (at + 32 > tile.buffered.size()) return fail(ErrorCode::corrupt, fmt::format("tree-{}: hash {} is missing", k, index));
    return hash_from(std::string_view(tile.buffered).substr(static_cast<std::size_t>(at), 32));
  }
  const auto bytes = tile.file->read_at(index * 32, 32);
  if (!bytes) return tl::make_unexpected(bytes.error());
  if (bytes->size() != 32)
    return fail(ErrorCode::corrupt, fmt::format("tree-{}: ends before hash {}; remove the tree's folder to have it made anew", k, index));
  return hash_from(*bytes);
}

Result<Hash> MerkleTree::node(unsigned level, std::uint64_t index) const {
  const unsigned k = level / kTileHeight;
  if (level % kTileHeight == 0) return stored(k, index);
  const auto left = node(level - 1, index * 2);
  if (!left) return left;
  const auto right = node(level - 1, index * 2 + 1);
  if (!right) return right;
  return merkle_node(*left, *right);
}

/// Hash of the leaves [begin, end) as a subtree; begin is a multiple of the power of two the range is cut from.
Result<Hash> MerkleTree::range(std::uint64_t begin, std::uint64_t end) const {
  const std::uint64_t n = end - begin;
  if (std::has_single_bit(n)) {
    const auto level = static_cast<unsigned>(std::countr_zero(n));
    return node(level, begin >> level);
  }
  const std::uint64_t k = split(n);
  const auto left = range(begin, begin + k);
  if (!left) return left;
  const auto right = range(begin + k, end);
  if (!right) return right;
  return merkle_node(*left, *right);
}

Result<Hash> MerkleTree::root_at(std::uint64_t size) const {
  if (size > this->size()) return fail(ErrorCode::invalid, fmt::format("the tree has {} leaves, not {}", this->size(), size));
  if (size == 0) return merkle_empty_root();
  return range(0, size);
}

Result<std::vector<Hash>> MerkleTree::inclusion_proof(std::uint64_t index, std::uint64_t size) const {
  if (size > this->size() || index >= size)
    return fail(ErrorCode::invalid, fmt::format("no leaf {} in the first {} of {} leaves", index, size, this->size()));
  // From the root down; the proof lists siblings from the leaf up.
  std::vector<Hash> down;
  std::uint64_t begin = 0;
  std::uint64_t end = size;
  while (end - begin > 1) {
    const std::uint64_t middle = begin + split(end - begin);
    const auto sibling = index < middle ? range(middle, end) : range(begin, middle);
    if (!sibling) return tl::make_unexpected(sibling.error());
    down.push_back(*sibling);
    (index < middle ? end : begin) = middle;
  }
  return std::vector<Hash>(down.rbegin(), down.rend());
}

Result<std::vector<Hash>> MerkleTree::consistency_proof(std::uint64_t old_size, std::uint64_t new_size) const {
  if (new_size > size() || old_size > new_size)
    return fail(ErrorCode::invalid, fmt::format("no growth from {} to {} leaves in a tree of {}", old_size, new_size, size()));
  std::vector<Hash> out;
  if (old_size == 0 || old_size == new_size) return out;
  if (auto done = prove_consistency(old_size, 0, new_size, true, out); !done) return tl::make_unexpected(done.error());
  return out;
}

/// SUBPROOF of RFC 6962, 2.1.2: `whole` while the old tree may still be a subtree on its own.
Result<> MerkleTree::prove_consistency(std::uint64_t old_size, std::uint64_t begin, std::uint64_t end, bool whole,
                                       std::vector<Hash>& out) const {
  const std::uint64_t n = end - begin;
  if (old_size == n) {
    if (whole) return {};
    const auto hash = range(begin, end);
    if (!hash) return tl::make_unexpected(hash.error());
    out.push_back(*hash);
    return {};
  }
  const std::uint64_t k = split(n);
  const bool left = old_size <= k;
  auto done =
      left ? prove_consistency(old_size, begin, begin + k, whole, out) : prove_consistency(old_size - k, begin + k, end, false, out);
  if (!done) return done;
  const auto other = left ? range(begin + k, end) : range(begin, begin + k);
  if (!other) return tl::make_unexpected(other.error());
  out.push_back(*other);
  return {};
}

}  // namespace invigil
