#pragma once
// The schema files of this folder, compiled in by CMake.

#include <span>
#include <string_view>

namespace invigil {

struct EmbeddedSchema {
  std::string_view name;  ///< file name without ".schema.json"
  std::string_view text;
};
std::span<const EmbeddedSchema> embedded_schemas();

}  // namespace invigil
