#pragma once
// The seats of a picture as a person wrote them down for `watch`.

#include <filesystem>
#include <string_view>
#include <vector>

#include "analysis/detector.h"
#include "models/result.h"

namespace invigil {

/// Reads {"seats":[{"seat":"A-01","polygon":[[x,y],…],"row":1,"column":2}]}; x and y are shares 0…1 of the picture from its top
/// left corner, row and column may be left out. All seats get `camera`. `invalid` names the seat and the fault.
Result<std::vector<SeatGeometry>> parse_seats(std::string_view json, std::string_view camera);

/// The same from a file of at most 1 MiB; `not_found` or `unavailable` name it.
Result<std::vector<SeatGeometry>> read_seats(const std::filesystem::path& file, std::string_view camera);

}  // namespace invigil
