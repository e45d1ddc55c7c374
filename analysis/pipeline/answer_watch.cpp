#include "analysis/pipeline/answer_watch.h"

#include <algorithm>

#include "analysis/forensics/similarity_star.h"

namespace invigil {
namespace {

constexpr int kNeeds = 20, kMostBorrowed = 300, kLeastShared = 10;
constexpr int kSweeps = 10;  // of the fit: the first digits of the figures settle, and nothing is judged by them

}  // namespace

AnswerWatch watch_answers(const AnswerSheets& sheets, const std::string& room, std::size_t most) {
  AnswerWatch out;
  AnswerMatrix matrix = sheets.so_far(room);
  out.candidates = matrix.exam.candidate_count();
  for (int j = 0; j < matrix.exam.item_count(); ++j)
    for (int i = 0; i < out.candidates; ++i)
      if (matrix.exam.answered(i, j)) {
        ++out.items;
        break;
      }
  if (out.candidates < kNeeds) {
    matrix = sheets.so_far("");
    if (matrix.exam.candidate_count() > kMostBorrowed) return out;
  }
  if (!matrix.examinable || matrix.exam.candidate_count() < kNeeds) return out;
  const RaschFit fit = fit_rasch(matrix.exam, {kSweeps});
  const StarModel model(matrix.exam, fit);
  std::vector<StarPair> pairs;
  std::vector<double> z;
  for (int a = 0; a < matrix.exam.candidate_count(); ++a)
    for (int b = a + 1; b < matrix.exam.candidate_count(); ++b) {
      StarPair pair = model.compare(a, b);
      if (pair.shared < kLeastShared) continue;
      z.push_back(pair.z);
      const auto at = [&](int i) -> const SheetPerson& { return matrix.people[static_cast<std::size_t>(i)]; };
      if (at(a).room == room && at(b).room == room) pairs.push_back(pair);
    }
  if (z.empty()) return out;
  const double scale = star_scale(z);
  std::sort(pairs.begin(), pairs.end(), [](const StarPair& x, const StarPair& y) {
    return x.z_corrected != y.z_corrected ? x.z_corrected > y.z_corrected : std::pair(x.a, x.b) < std::pair(y.a, y.b);
  });
  if (pairs.size() > most) pairs.resize(most);
  for (const StarPair& pair : pairs) {
    WatchedPair watched{matrix.people[static_cast<std::size_t>(pair.a)].seat, matrix.people[static_cast<std::size_t>(pair.b)].seat,
                        pair.matches, pair.shared, pair.wrong_matches, pair.expected, pair.z_corrected / scale};
    if (watched.b < watched.a) std::swap(watched.a, watched.b);
    out.pairs.push_back(std::move(watched));
  }
  return out;
}

}  // namespace invigil
