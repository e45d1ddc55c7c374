#include "analysis/pipeline/answer_watch.h"

#include <algorithm>

#include "analysis/forensics/hypotheses/pair_scan.h"
#include "analysis/forensics/hypotheses/similarity_star.h"

namespace invigil {
namespace {

constexpr int kNeeds = 20, kMostBorrowed = 300, kLeastShared = 10;
constexpr std::size_t kMargin =
    4;                       // so many times what is shown is compared exactly: the screening's floats may order neighbours otherwise
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
  const auto n = static_cast<std::size_t>(matrix.exam.candidate_count());
  ScanRequest request;
  request.rasch = &fit;
  request.keep = n * (n - 1) / 2;
  PairScan scan = scan_pairs(matrix.exam, request);
  std::sort(scan.top.begin(), scan.top.end(), [](const ScannedPair& x, const ScannedPair& y) {
    return x.star != y.star ? x.star > y.star : std::pair(x.a, x.b) < std::pair(y.a, y.b);
  });
  const StarModel model(matrix.exam, fit);
  const auto here = [&](int i) { return matrix.people[static_cast<std::size_t>(i)].room == room; };
  std::vector<StarPair> pairs;
  for (const ScannedPair& screened : scan.top) {
    if (pairs.size() >= kMargin * most) break;
    if (!here(screened.a) || !here(screened.b)) continue;
    const StarPair pair = model.compare(screened.a, screened.b);
    if (pair.shared >= kLeastShared) pairs.push_back(pair);
  }
  const double scale = scan.star_spread.scale();
  std::sort(pairs.begin(), pairs.end(), [](const StarPair& x, const StarPair& y) {
    return x.z_corrected != y.z_corrected ? x.z_corrected > y.z_corrected : std::pair(x.a, x.b) < std::pair(y.a, y.b);
  });
  if (pairs.size() > most) pairs.resize(most);
  for (const StarPair& pair : pairs) {
    WatchedPair watched{matrix.people[static_cast<std::size_t>(pair.a)].seat,
                        matrix.people[static_cast<std::size_t>(pair.b)].seat,
                        pair.matches,
                        pair.shared,
                        pair.wrong_matches,
                        pair.expected,
                        pair.z_corrected / scale};
    if (watched.b < watched.a) std::swap(watched.a, watched.b);
    out.pairs.push_back(std::move(watched));
  }
  return out;
}

}  // namespace invigil
