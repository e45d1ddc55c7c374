// The wall over HTTP: where a look is needed most comes first.
#include "console/console_fixture.h"

namespace invigil::test {
namespace {

class WallTest : public ConsoleTest {
 protected:
  void flag_in(const std::string& room, const std::string& id, double severity) {
    Incident one = incident(id, severity);
    one.set_room(room);
    const auto written = analysis_.write(analysis_stream(kCentre, room, "1"), INCIDENT, one.SerializeAsString(), kStart + 65'000'000);
    ASSERT_TRUE(written) << written.error().message;
  }
  static std::string first(const Json& wall) { return wall["rooms"].empty() ? "" : wall["rooms"][0]["room"]["id"].get<std::string>(); }
};

TEST_F(WallTest, TheRoomWithTheGravestOpenFlagStandsFirst) {
  import_example();
  const Headers ins = logged_in("ins", UserRole::inspector);
  const Json quiet =
      get_until("/v1/wall", ins, [](const Json& w) { return w["rooms"].size() == 2 && !w["rooms"][0]["session"].is_null(); });
  EXPECT_EQ(first(quiet), "r101");  // the plan's order
  EXPECT_TRUE(quiet["rooms"][0]["max_severity"].is_null());

  flag_in("r102", "i2", 0.5);
  const Json one = get_until("/v1/wall", ins, [](const Json& w) { return first(w) == "r102"; });
  EXPECT_EQ(one["rooms"][0]["max_severity"], 0.5);
  EXPECT_EQ(one["rooms"][0]["incidents"]["open"], 1);

  flag_in("r101", "i1", 0.9);
  const Json two = get_until("/v1/wall", ins, [](const Json& w) { return first(w) == "r101"; });
  EXPECT_EQ(two["rooms"][1]["max_severity"], 0.5);
}

}  // namespace
}  // namespace invigil::test
