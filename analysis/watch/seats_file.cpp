#include "analysis/watch/seats_file.h"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "models/id.h"
#include "models/schema/schema.h"

namespace invigil {
namespace {

constexpr std::size_t kMostBytes = 1 << 20;
constexpr std::size_t kMostSeats = 500, kMostPoints = 64;

Result<Point> parse_point(const nlohmann::json& pair, std::string_view seat, const std::string& where) {
  if (!pair.is_array() || pair.size() != 2 || !pair[0].is_number() || !pair[1].is_number())
    return fail(ErrorCode::invalid, fmt::format("seats: seat {}: a point of the polygon is not [x, y]", seat), where);
  const double x = pair[0].get<double>(), y = pair[1].get<double>();
  if (!(x >= 0 && x <= 1 && y >= 0 && y <= 1))
    return fail(ErrorCode::invalid,
                fmt::format("seats: seat {}: the point [{}, {}] lies outside the picture: x and y are shares from 0 to 1", seat, x, y),
                where);
  Point point;
  point.set_x(static_cast<float>(x));
  point.set_y(static_cast<float>(y));
  return point;
}

Result<std::uint32_t> parse_place(const nlohmann::json& seat, const char* key, std::string_view name, const std::string& where) {
  const auto at = seat.find(key);
  if (at == seat.end()) return 0U;
  if (!at->is_number_unsigned() || at->get<std::uint64_t>() > 10'000)
    return fail(ErrorCode::invalid, fmt::format("seats: seat {}: {} is no whole number up to 10000", name, key), where);
  return at->get<std::uint32_t>();
}

Result<SeatGeometry> parse_seat(const nlohmann::json& seat, std::size_t index, std::string_view camera) {
  const std::string where = fmt::format("/seats/{}", index);
  if (!seat.is_object() || !seat.contains("seat") || !seat["seat"].is_string())
    return fail(ErrorCode::invalid, fmt::format("seats: entry {} has no \"seat\" name", index + 1), where);
  SeatGeometry geometry;
  geometry.seat = seat["seat"].get<std::string>();
  geometry.camera = camera;
  if (const auto valid = check_id(geometry.seat, "seat"); !valid)
    return fail(ErrorCode::invalid, fmt::format("seats: entry {}: {}", index + 1, valid.error().message), where);
  if (!seat.contains("polygon") || !seat["polygon"].is_array() || seat["polygon"].size() < 3 || seat["polygon"].size() > kMostPoints)
    return fail(ErrorCode::invalid, fmt::format("seats: seat {}: \"polygon\" is not a list of 3 to {} points", geometry.seat, kMostPoints),
                where + "/polygon");
  for (const auto& pair : seat["polygon"]) {
    auto point = parse_point(pair, geometry.seat, where + "/polygon");
    if (!point) return tl::make_unexpected(point.error());
    geometry.polygon.push_back(std::move(*point));
  }
  const auto row = parse_place(seat, "row", geometry.seat, where), column = parse_place(seat, "column", geometry.seat, where);
  if (!row) return tl::make_unexpected(row.error());
  if (!column) return tl::make_unexpected(column.error());
  geometry.row = *row;
  geometry.column = *column;
  return geometry;
}

}  // namespace

Result<std::vector<SeatGeometry>> parse_seats(std::string_view json, std::string_view camera) {
  const auto document = parse_json(json, kMostBytes);
  if (!document) return fail(document.error().code, "seats: " + document.error().message, document.error().where);
  if (!document->is_object() || !document->contains("seats") || !(*document)["seats"].is_array())
    return fail(ErrorCode::invalid, R"(seats: expected {"seats":[{"seat":"A-01","polygon":[[x,y],…]}]})");
  const auto& listed = (*document)["seats"];
  if (listed.empty() || listed.size() > kMostSeats)
    return fail(ErrorCode::invalid, fmt::format("seats: {} seats are not between 1 and {}", listed.size(), kMostSeats), "/seats");
  std::vector<SeatGeometry> seats;
  std::set<std::string> names;
  for (std::size_t i = 0; i < listed.size(); ++i) {
    auto seat = parse_seat(listed[i], i, camera);
    if (!seat) return tl::make_unexpected(seat.error());
    if (!names.insert(seat->seat).second)
      return fail(ErrorCode::invalid, fmt::format("seats: seat {} is listed twice", seat->seat), fmt::format("/seats/{}", i));
    seats.push_back(std::move(*seat));
  }
  return seats;
}

Result<std::vector<SeatGeometry>> read_seats(const std::filesystem::path& file, std::string_view camera) {
  std::error_code fault;
  const auto size = std::filesystem::file_size(file, fault);
  if (fault) return fail(ErrorCode::not_found, fmt::format("seats: {} cannot be read: {}", file.string(), fault.message()), file.string());
  if (size > kMostBytes)
    return fail(ErrorCode::too_large, fmt::format("seats: {} has {} bytes, more than {}", file.string(), size, kMostBytes), file.string());
  std::ifstream in(file, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  if (!in) return fail(ErrorCode::unavailable, fmt::format("seats: {} cannot be read: check its rights", file.string()), file.string());
  auto seats = parse_seats(text, camera);
  if (!seats) return fail(seats.error().code, fmt::format("{}: {}", file.string(), seats.error().message), seats.error().where);
  return seats;
}

}  // namespace invigil
