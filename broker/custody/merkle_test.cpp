#include "broker/custody/merkle.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "broker/custody/merkle_tree.h"
#include "broker/log/simulated_disk.h"

namespace invigil {
namespace {

Hash hash_of_hex(const std::string& hex) { return hash_from(from_hex(hex).value()).value(); }

std::vector<Hash> hashes(const nlohmann::json& list) {
  std::vector<Hash> out;
  for (const auto& item : list) out.push_back(hash_of_hex(item.get<std::string>()));
  return out;
}

nlohmann::json vectors() {
  const char* source = std::getenv("INVIGIL_SOURCE");
  std::ifstream in(std::string(source != nullptr ? source : ".") + "/tests/vectors/rfc6962.json");
  return nlohmann::json::parse(in);
}

std::vector<Hash> records(std::size_t count) {
  std::vector<Hash> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(sha256(std::to_string(i)));
  return out;
}

/// The RFC's definition, word for word and slow.
Hash definition(std::span<const Hash> r) {
  if (r.empty()) return merkle_empty_root();
  if (r.size() == 1) return merkle_leaf(r[0]);
  std::size_t k = 1;
  while (k * 2 < r.size()) k *= 2;
  return merkle_node(definition(r.first(k)), definition(r.subspan(k)));
}

TEST(Merkle, KnownRoots) {
  const auto v = vectors();
  MerkleFrontier frontier;
  EXPECT_EQ(frontier.root(), hash_of_hex(v["roots"][0]));
  for (std::size_t i = 0; i < v["leaves"].size(); ++i) {
    frontier.append(merkle_leaf(from_hex(v["leaves"][i].get<std::string>()).value()), [](unsigned, const Hash&) {});
    EXPECT_EQ(frontier.root(), hash_of_hex(v["roots"][i + 1])) << i + 1;
  }
}

TEST(MerkleTree, CutBackToAnySizeItIsTheTreeOfThatManyRecordsAndGrowsOn) {
  const std::vector<Hash> all = records(700);
  for (const std::size_t size : {0u, 1u, 2u, 255u, 256u, 257u, 511u, 699u, 700u}) {
    SimulatedDisk disk;
    auto tree = MerkleTree::open(disk).value();
    ASSERT_TRUE(tree->append(all));
    if (size % 2 == 0) {  // with and without buffered tiles
      ASSERT_TRUE(tree->save());
    }
    ASSERT_TRUE(tree->cut_back(size));
    EXPECT_EQ(tree->size(), size);
    EXPECT_EQ(tree->root(), definition(std::span(all).first(size))) << size;
    ASSERT_TRUE(tree->save());
    tree = MerkleTree::open(disk).value();
    EXPECT_FALSE(tree->rebuilt());
    EXPECT_EQ(tree->size(), size);
    ASSERT_TRUE(tree->append(std::span(all).subspan(size)));
    EXPECT_EQ(tree->root(), definition(all)) << size;
    EXPECT_EQ(tree->leaf(size == 700 ? 0 : size).value(), merkle_leaf(all[size == 700 ? 0 : size]));
    EXPECT_EQ(tree->cut_back(701).error().code, ErrorCode::invalid);
    EXPECT_EQ(tree->leaf(700).error().code, ErrorCode::invalid);
  }
}

TEST(Merkle, KnownProofsVerifyAndNoOther) {
  const auto v = vectors();
  ASSERT_EQ(v["inclusion"].size(), 36u);
  for (const auto& c : v["inclusion"]) {
    const auto leaf = merkle_leaf(from_hex(v["leaves"][c["leaf"].get<std::size_t>()].get<std::string>()).value());
    const auto index = c["leaf"].get<std::uint64_t>();
    const auto size = c["size"].get<std::uint64_t>();
    const auto root = hash_of_hex(v["roots"][size]);
    auto proof = hashes(c["proof"]);
    EXPECT_TRUE(verify_inclusion(leaf, index, size, proof, root));
    EXPECT_FALSE(verify_inclusion(leaf, size, size, proof, root));
    EXPECT_FALSE(verify_inclusion(leaf, index ^ 1, size, proof, root) && size > 1);
    EXPECT_FALSE(verify_inclusion(merkle_leaf("other"), index, size, proof, root));
    EXPECT_FALSE(verify_inclusion(leaf, index, size, proof, sha256("other")));
    proof.push_back(root);
    EXPECT_FALSE(verify_inclusion(leaf, index, size, proof, root)) << "trailing garbage";
    proof.pop_back();
    if (proof.empty()) continue;
    proof.front()[0] ^= 1;
    EXPECT_FALSE(verify_inclusion(leaf, index, size, proof, root));
    proof.front()[0] ^= 1;
    proof.pop_back();
    EXPECT_FALSE(verify_inclusion(leaf, index, size, proof, root)) << "truncated";
  }
  ASSERT_EQ(v["consistency"].size(), 28u);
  for (const auto& c : v["consistency"]) {
    const auto old_size = c["old"].get<std::uint64_t>();
    const auto new_size = c["new"].get<std::uint64_t>();
    const auto old_root = hash_of_hex(v["roots"][old_size]);
    const auto new_root = hash_of_hex(v["roots"][new_size]);
    auto proof = hashes(c["proof"]);
    EXPECT_TRUE(verify_consistency(old_size, old_root, new_size, new_root, proof));
    EXPECT_FALSE(verify_consistency(old_size, new_root, new_size, old_root, proof)) << "swapped roots";
    EXPECT_FALSE(verify_consistency(new_size, new_root, old_size, old_root, proof)) << "shrinking";
    proof.push_back(new_root);
    EXPECT_FALSE(verify_consistency(old_size, old_root, new_size, new_root, proof)) << "trailing garbage";
    proof.pop_back();
    proof.back()[31] ^= 1;
    EXPECT_FALSE(verify_consistency(old_size, old_root, new_size, new_root, proof));
    proof.pop_back();
    EXPECT_FALSE(verify_consistency(old_size, old_root, new_size, new_root, proof)) << "truncated";
  }
}

TEST(MerkleTree, RootsAndProofsHoldAtEverySize) {
  SimulatedDisk disk;
  auto tree = std::move(*MerkleTree::open(disk));
  const auto r = records(67);
  for (const Hash& record : r) ASSERT_TRUE(tree->append({&record, 1}));
  for (std::size_t n = 0; n <= r.size(); ++n) {
    const auto root = definition(std::span(r).first(n));
    EXPECT_EQ(tree->root_at(n).value(), root);
    for (std::size_t i = 0; i < n; ++i)
      EXPECT_TRUE(verify_inclusion(merkle_leaf(r[i]), i, n, tree->inclusion_proof(i, n).value(), root)) << i << "/" << n;
    for (std::size_t m = 0; m <= n; ++m)
      EXPECT_TRUE(verify_consistency(m, definition(std::span(r).first(m)), n, root, tree->consistency_proof(m, n).value()))
          << m << "→" << n;
  }
  EXPECT_EQ(tree->root(), definition(r));
  EXPECT_FALSE(tree->root_at(68));
  EXPECT_FALSE(tree->inclusion_proof(67, 67));
  EXPECT_FALSE(tree->consistency_proof(5, 4));
}

TEST(MerkleTree, TilesOfSeveralLevelsGiveTheSameRoots) {
  SimulatedDisk disk;
  auto tree = std::move(*MerkleTree::open(disk));
  const auto r = records(70'000);
  ASSERT_TRUE(tree->append(r));
  ASSERT_TRUE(tree->save());
  EXPECT_EQ(disk.contents("tree-2").size(), 32u);
  EXPECT_EQ(disk.contents("tree-1").size(), 70'000u / 256 * 32);
  for (const std::size_t n : {255u, 256u, 257u, 65'535u, 65'536u, 65'537u, 70'000u}) {
    const auto root = definition(std::span(r).first(n));
    EXPECT_EQ(tree->root_at(n).value(), root) << n;
    EXPECT_TRUE(verify_inclusion(merkle_leaf(r[n / 2]), n / 2, n, tree->inclusion_proof(n / 2, n).value(), root)) << n;
    EXPECT_TRUE(verify_consistency(n, root, 70'000, tree->root(), tree->consistency_proof(n, 70'000).value())) << n;
  }
}

TEST(MerkleTree, GoesOnAfterAPowerCutFromWhatWasSaved) {
  const auto r = records(3'000);
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SimulatedDisk disk({.seed = seed});
    auto tree = std::move(*MerkleTree::open(disk));
    ASSERT_TRUE(tree->append(std::span(r).first(1'000 + seed)));
    ASSERT_TRUE(tree->save());
    ASSERT_TRUE(tree->append(std::span(r).subspan(1'000 + seed, 700)));
    if (seed % 2 == 0) disk.fail_write_after(seed % 5);
    static_cast<void>(tree->save());
    tree.reset();
    disk.fail_write_after(UINT64_MAX);
    disk.crash();
    tree = std::move(*MerkleTree::open(disk));
    EXPECT_FALSE(tree->rebuilt());
    ASSERT_GE(tree->size(), 1'000 + seed);
    ASSERT_TRUE(tree->append(std::span(r).subspan(static_cast<std::size_t>(tree->size()))));
    EXPECT_EQ(tree->root(), definition(r)) << seed;
    EXPECT_EQ(tree->root_at(700).value(), definition(std::span(r).first(700))) << seed;
  }
}

TEST(MerkleTree, FilesThatDoNotFitMeanANewTreeNotAWrongOne) {
  const auto r = records(600);
  const auto make = [&](SimulatedDisk& disk) {
    auto tree = std::move(*MerkleTree::open(disk));
    EXPECT_TRUE(tree->append(r));
    EXPECT_TRUE(tree->save());
  };
  {
    SimulatedDisk disk;
    make(disk);
    ASSERT_TRUE(disk.flip("tree-state", 9, 1));
    const auto tree = std::move(*MerkleTree::open(disk));
    EXPECT_TRUE(tree->rebuilt());
    EXPECT_EQ(tree->size(), 0u);
  }
  {
    SimulatedDisk disk;
    make(disk);
    ASSERT_TRUE(disk.flip("tree-1", 33, 1));
    auto tree = std::move(*MerkleTree::open(disk));
    EXPECT_TRUE(tree->rebuilt());
    ASSERT_TRUE(tree->append(r));
    ASSERT_TRUE(tree->save());
    EXPECT_EQ(std::move(*MerkleTree::open(disk))->root(), definition(r));
  }
  {
    SimulatedDisk disk;
    make(disk);
    ASSERT_TRUE(std::move(*disk.open("tree-0", false))->truncate(320));
    EXPECT_TRUE(std::move(*MerkleTree::open(disk))->rebuilt());
  }
}

}  // namespace
}  // namespace invigil
