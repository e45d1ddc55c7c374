#include "console/index/projection.h"

#include <algorithm>

namespace invigil {

void IndexChanges::add(std::string_view topic, std::string key) {
  auto at = topics_.find(topic);
  if (at == topics_.end()) at = topics_.emplace(std::string(topic), std::vector<std::string>{}).first;
  if (std::find(at->second.begin(), at->second.end(), key) == at->second.end()) at->second.push_back(std::move(key));
}

const std::vector<std::string>& IndexChanges::of(std::string_view topic) const {
  static const std::vector<std::string> kNone;
  const auto at = topics_.find(topic);
  return at == topics_.end() ? kNone : at->second;
}

Result<> Projector::flush(Database&) { return {}; }

FollowFilter filter_of(const std::vector<Projection>& projections) {
  FollowFilter out;
  for (const Projection& projection : projections)
    for (const ProjectedKind& projected : projection.kinds)
      if (const auto kind = static_cast<std::uint32_t>(projected.kind);
          std::find(out.kinds.begin(), out.kinds.end(), kind) == out.kinds.end())
        out.kinds.push_back(kind);
  return out;
}

}  // namespace invigil
