#include "broker/custody/verify/tree.h"

namespace invigil::verify {

Hash Tree::join(const Hash& left, const Hash& right) {
  sha_.update("\x01");
  sha_.update({reinterpret_cast<const char*>(left.data()), left.size()});
  sha_.update({reinterpret_cast<const char*>(right.data()), right.size()});
  return sha_.finish();
}

/// Root of a row of leaves, level by level: an odd last one moves up unchanged, which is the same tree as the RFC's
/// split at the largest power of two.
Hash Tree::over(std::vector<Hash> row) {
  while (row.size() > 1) {
    std::vector<Hash> up;
    up.reserve((row.size() + 1) / 2);
    for (std::size_t i = 0; i + 1 < row.size(); i += 2) up.push_back(join(row[i], row[i + 1]));
    if (row.size() % 2 == 1) up.push_back(row.back());
    row = std::move(up);
  }
  return row.front();
}

void Tree::add(const Hash& record_hash) {
  sha_.update(std::string_view("\x00", 1));
  sha_.update({reinterpret_cast<const char*>(record_hash.data()), record_hash.size()});
  leaves_.push_back(sha_.finish());
  if (++size_ % kGroup != 0) return;
  Hash hash = over({leaves_.end() - static_cast<std::ptrdiff_t>(kGroup), leaves_.end()});
  for (std::size_t k = 0;; ++k) {
    if (k == above_.size()) above_.emplace_back();
    above_[k].push_back(hash);
    if (above_[k].size() % 2 == 1) break;
    hash = join(above_[k][above_[k].size() - 2], hash);
  }
  if (leaves_.size() > kLeavesKept + kGroup) {
    leaves_.erase(leaves_.begin(), leaves_.begin() + static_cast<std::ptrdiff_t>(kGroup));
    first_leaf_ += kGroup;
  }
}

std::optional<Hash> Tree::root_at(std::uint64_t size) {
  if (size > size_) return std::nullopt;
  if (size == 0) return sha256("");
  const std::uint64_t whole = size / kGroup * kGroup;
  std::optional<Hash> root;
  if (size > whole) {
    if (whole < first_leaf_) return std::nullopt;
    const auto from = leaves_.begin() + static_cast<std::ptrdiff_t>(whole - first_leaf_);
    root = over({from, from + static_cast<std::ptrdiff_t>(size - whole)});
  }
  // From the smallest whole subtree on the right to the largest on the left.
  std::uint64_t groups = whole / kGroup;
  for (std::size_t k = 0; groups != 0; ++k, groups >>= 1) {
    if ((groups & 1) == 0) continue;
    const Hash& left = above_[k][static_cast<std::size_t>(groups - 1)];
    root = root ? join(left, *root) : left;
  }
  return root;
}

}  // namespace invigil::verify
