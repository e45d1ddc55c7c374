#include "analysis/watch/seats_file.h"

#include <gtest/gtest.h>

#include <string>

namespace invigil {
namespace {

std::string refusal(std::string_view json) {
  const auto seats = parse_seats(json, "cam");
  return seats ? "accepted" : seats.error().message;
}

TEST(SeatsFile, reads_names_polygons_and_places) {
  const auto seats = parse_seats(
      R"({"seats":[{"seat":"A-01","polygon":[[0,0],[0.5,0],[0.5,1]],"row":1,"column":2},{"seat":"A-02","polygon":[[0.5,0],[1,0],[1,1],[0.5,1]]}]})",
      "cam");
  ASSERT_TRUE(seats) << seats.error().message;
  ASSERT_EQ(seats->size(), 2u);
  EXPECT_EQ((*seats)[0].seat, "A-01");
  EXPECT_EQ((*seats)[0].camera, "cam");
  EXPECT_EQ((*seats)[0].polygon.size(), 3u);
  EXPECT_FLOAT_EQ((*seats)[0].polygon[1].x(), .5F);
  EXPECT_EQ((*seats)[0].column, 2u);
  EXPECT_EQ((*seats)[1].row, 0u);
}

TEST(SeatsFile, names_the_seat_and_the_fault) {
  EXPECT_NE(refusal("").find("seats:"), std::string::npos);
  EXPECT_NE(refusal("{]").find("seats:"), std::string::npos);
  EXPECT_NE(refusal("[]").find("expected {\"seats\""), std::string::npos);
  EXPECT_NE(refusal(R"({"seats":{}})").find("expected {\"seats\""), std::string::npos);
  EXPECT_NE(refusal(R"({"seats":[]})").find("0 seats"), std::string::npos);
  EXPECT_NE(refusal(R"({"seats":[{"polygon":[]}]})").find("entry 1 has no \"seat\" name"), std::string::npos);
  EXPECT_NE(refusal(R"({"seats":[{"seat":"../x","polygon":[[0,0],[1,0],[1,1]]}]})").find("entry 1"), std::string::npos);
  EXPECT_NE(refusal(R"({"seats":[{"seat":"A","polygon":[[0,0],[1,0]]}]})").find("seat A: \"polygon\""), std::string::npos);
  EXPECT_NE(refusal(R"({"seats":[{"seat":"A","polygon":[[0,0],[1,0],[1]]}]})").find("seat A: a point"), std::string::npos);
  EXPECT_NE(refusal(R"({"seats":[{"seat":"A","polygon":[[0,0],[1,0],["x",1]]}]})").find("seat A: a point"), std::string::npos);
  EXPECT_NE(refusal(R"({"seats":[{"seat":"A","polygon":[[0,0],[640,0],[640,480]]}]})").find("seat A: the point [640, 0] lies outside"),
            std::string::npos);
  EXPECT_NE(refusal(R"({"seats":[{"seat":"A","row":-1,"polygon":[[0,0],[1,0],[1,1]]}]})").find("seat A: row"), std::string::npos);
  EXPECT_NE(refusal(R"({"seats":[{"seat":"A","polygon":[[0,0],[1,0],[1,1]]},{"seat":"A","polygon":[[0,0],[1,0],[1,1]]}]})")
                .find("seat A is listed twice"),
            std::string::npos);
}

TEST(SeatsFile, a_file_that_is_not_there_is_named) {
  const auto seats = read_seats("/nonexistent/seats.json", "cam");
  ASSERT_FALSE(seats);
  EXPECT_EQ(seats.error().code, ErrorCode::not_found);
  EXPECT_NE(seats.error().message.find("/nonexistent/seats.json"), std::string::npos);
}

}  // namespace
}  // namespace invigil
