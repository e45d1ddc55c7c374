#pragma once
// What every binding of ObjectStore must do, as a GoogleTest suite to be instantiated for each.

#include <gtest/gtest.h>

#include <map>
#include <thread>
#include <vector>

#include "broker/objects/object_store.h"

namespace invigil {

/// `Binding` is default-constructible with an empty store, has `ObjectStore& store()` and `void reopen()`.
/// Use: INSTANTIATE_TYPED_TEST_SUITE_P(Files, ObjectStoreConformance, FileBinding);
template <class Binding>
class ObjectStoreConformance : public testing::Test {
 protected:
  ObjectStore& store() { return binding_.store(); }
  std::map<std::string, std::uint64_t> all() {
    std::map<std::string, std::uint64_t> out;
    EXPECT_TRUE(store().for_each([&](const Hash& hash, std::uint64_t size) { EXPECT_TRUE(out.emplace(bytes_of(hash), size).second); }));
    return out;
  }
  Binding binding_;
};

TYPED_TEST_SUITE_P(ObjectStoreConformance);

TYPED_TEST_P(ObjectStoreConformance, GivesBackWhatWasPutAlsoAfterReopening) {
  const std::string bytes = "a part of video";
  const Hash hash = sha256(bytes);
  EXPECT_FALSE(this->store().stat(hash));
  EXPECT_EQ(this->store().get(hash).error().code, ErrorCode::not_found);
  ASSERT_TRUE(this->store().put_if_absent(hash, bytes));
  ASSERT_TRUE(this->store().put_if_absent(hash, bytes)) << "again is no failure";
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(this->store().stat(hash), bytes.size());
    EXPECT_EQ(this->store().get(hash).value(), bytes);
    EXPECT_EQ(this->all(), (std::map<std::string, std::uint64_t>{{bytes_of(hash), bytes.size()}}));
    this->binding_.reopen();
  }
}

TYPED_TEST_P(ObjectStoreConformance, RefusesBytesOfAnotherHash) {
  const auto put = this->store().put_if_absent(sha256("one"), "other");
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().code, ErrorCode::invalid);
  EXPECT_FALSE(this->store().stat(sha256("one")));
}

TYPED_TEST_P(ObjectStoreConformance, ClipsARange) {
  const std::string bytes = "0123456789";
  const Hash hash = sha256(bytes);
  ASSERT_TRUE(this->store().put_if_absent(hash, bytes));
  EXPECT_EQ(this->store().get(hash, 3, 4).value(), "3456");
  EXPECT_EQ(this->store().get(hash, 8, 100).value(), "89");
  EXPECT_EQ(this->store().get(hash, 10, 1).value(), "");
  EXPECT_EQ(this->store().get(hash, UINT64_MAX, UINT64_MAX).value(), "");
  EXPECT_EQ(this->store().get(hash, 4).value(), "456789");
}

TYPED_TEST_P(ObjectStoreConformance, TheEmptyObjectIsOne) {
  ASSERT_TRUE(this->store().put_if_absent(sha256(""), ""));
  EXPECT_EQ(this->store().stat(sha256("")), 0u);
  EXPECT_EQ(this->store().get(sha256("")).value(), "");
}

TYPED_TEST_P(ObjectStoreConformance, ErasedIsGoneAndMayComeBack) {
  const Hash hash = sha256("x");
  ASSERT_TRUE(this->store().put_if_absent(hash, "x"));
  ASSERT_TRUE(this->store().put_if_absent(sha256("y"), "y"));
  ASSERT_TRUE(this->store().erase(hash));
  EXPECT_TRUE(this->store().erase(hash)) << "again is no failure";
  EXPECT_FALSE(this->store().stat(hash));
  this->binding_.reopen();
  EXPECT_EQ(this->store().get(hash).error().code, ErrorCode::not_found);
  EXPECT_EQ(this->all().size(), 1u);
  EXPECT_TRUE(this->store().put_if_absent(hash, "x"));
  EXPECT_EQ(this->store().get(hash).value(), "x");
}

TYPED_TEST_P(ObjectStoreConformance, ManyThreadsPutTheSameAndOthers) {
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([this] {
        for (int i = 0; i < 20; ++i) {
          const std::string bytes = "object " + std::to_string(i);
          EXPECT_TRUE(this->store().put_if_absent(sha256(bytes), bytes));
          EXPECT_EQ(this->store().get(sha256(bytes)).value_or("?"), bytes);
        }
      });
  }
  EXPECT_EQ(this->all().size(), 20u);
}

REGISTER_TYPED_TEST_SUITE_P(ObjectStoreConformance, GivesBackWhatWasPutAlsoAfterReopening, RefusesBytesOfAnotherHash, ClipsARange,
                            TheEmptyObjectIsOne, ErasedIsGoneAndMayComeBack, ManyThreadsPutTheSameAndOthers);

}  // namespace invigil
