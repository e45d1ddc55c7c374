#include "analysis/forensics/pair_scan.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "analysis/forensics/pair_indices.h"
#include "analysis/forensics/pair_kernels.h"

namespace invigil {
namespace {

constexpr std::size_t kRows = 256;  // rows of a tile: their features stay in the cache while all blocks pass
constexpr std::size_t kCacheLimit = std::size_t{256} << 20;
constexpr double kNormalQuantile99 = 2.3263478740408408;
constexpr std::uint64_t kLargeFamily = 2000;

/// Rows (candidate by candidate) and blocks ([item][option][lane]) of the same features.
struct Features {
  std::size_t width = 0;
  std::vector<float> rows, blocks;
  Features(std::size_t n, std::size_t w) : width(w), rows((n + 1) * w, 0), blocks((n + kLanes - 1) / kLanes * kLanes * w, 0) {}
  void set(std::size_t i, std::size_t at, float value) {
    rows[i * width + at] = value;
    set_block(i, at, value);
  }
  void set_block(std::size_t i, std::size_t at, float value) { blocks[(i / kLanes * width + at) * kLanes + i % kLanes] = value; }
  const float* row(std::size_t i) const { return rows.data() + i * width; }
  const float* block(std::size_t b) const { return blocks.data() + b * width * kLanes; }
};

struct Scanner {
  const ExamData& exam;
  const ScanRequest& request;
  std::size_t n, items, options = 0;
  const PairKernels& kernels = pair_kernels();
  PairScan out;
  std::vector<std::uint8_t> code_rows, code_blocks;
  Features right{0, 0}, wrong{0, 0}, choice{0, 0}, pace{0, 0};
  std::vector<float> share, information;
  float threshold = -1e30F;

  Scanner(const ExamData& e, const ScanRequest& r) : exam(e), request(r), n(e.candidates.size()), items(e.items.size()) {
    const std::size_t blocks = (n + kLanes - 1) / kLanes;
    code_rows.assign(n * items, 0xFE), code_blocks.assign(blocks * kLanes * items, 0xFF);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < items; ++j)
        if (const std::int8_t answer = exam.answers[i * items + j]; answer != kNoAnswer) {
          code_rows[i * items + j] = static_cast<std::uint8_t>(answer);
          code_blocks[(i / kLanes * items + j) * kLanes + i % kLanes] = static_cast<std::uint8_t>(answer);
        }
    if (request.rasch) prepare_star();
    if (request.nominal) prepare_nominal();
    if (request.pace) {
      pace = Features(n, items);
      for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < items; ++j) pace.set(i, j, (*request.pace)[i * items + j]);
      out.pace.resize(n);
    }
  }

  void prepare_star() {
    right = Features(n, items), wrong = Features(n, items);
    share.assign(items, 0), information.assign(n, 0);
    for (std::size_t j = 0; j < items; ++j)
      for (const double s : request.rasch->wrong_share[j]) share[j] += static_cast<float>(s * s);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < items; ++j) {
        if (exam.answers[i * items + j] == kNoAnswer) continue;
        const auto p = static_cast<float>(rasch_probability(*request.rasch, static_cast<int>(i), static_cast<int>(j)));
        right.set(i, j, p);
        wrong.set(i, j, 1 - p);
        wrong.set_block(i, j, (1 - p) * share[j]);
        information[i] += p * (1 - p);
      }
    out.star.resize(n);
  }

  void prepare_nominal() {
    for (std::size_t j = 0; j < items; ++j) options = std::max(options, exam.options[j].size());
    choice = Features(n, items * options);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < items; ++j) {
        if (exam.answers[i * items + j] == kNoAnswer) continue;
        const auto p = option_probabilities(request.nominal->items[j], request.nominal->ability[i]);
        for (std::size_t k = 0; k < p.size(); ++k) choice.set(i, j * options + k, static_cast<float>(p[k]));
      }
    out.nominal.resize(n);
  }

  static void meet(std::vector<Closest>& closest, std::size_t a, std::size_t b, float z) {
    if (z > closest[a].z) closest[a] = {z, static_cast<int>(b)};
    if (z > closest[b].z) closest[b] = {z, static_cast<int>(a)};
  }

  void keep(std::size_t a, std::size_t b, float star, float nominal) {
    if (std::max(star, nominal) <= threshold) return;
    out.top.push_back({static_cast<int>(a), static_cast<int>(b), star, nominal});
    if (out.top.size() >= 2 * request.keep) cut();
  }

  /// Leaves the `keep` most similar, ties by candidates so that tiles don't matter.
  void cut() {
    const auto before = [](const ScannedPair& x, const ScannedPair& y) {
      const float zx = std::max(x.star, x.nominal), zy = std::max(y.star, y.nominal);
      return zx != zy ? zx > zy : x.a != y.a ? x.a < y.a : x.b < y.b;
    };
    if (out.top.size() <= request.keep) return;
    std::nth_element(out.top.begin(), out.top.begin() + static_cast<std::ptrdiff_t>(request.keep), out.top.end(), before);
    threshold = std::max(out.top[request.keep].star, out.top[request.keep].nominal);
    threshold = std::nextafter(threshold, -1e30F);
    out.top.resize(request.keep);
  }

  /// Candidates a and a + 1 against a block; lanes at or before the candidate itself are no pairs.
  void step(std::size_t a, bool two, std::size_t block) {
    alignas(64) std::array<float, 2 * kLanes> expected{}, squares{};
    if (request.nominal) kernels.nominal(choice.row(a), choice.row(two ? a + 1 : a), choice.block(block), items, options, expected.data(), squares.data());
    for (std::size_t r = 0; r < (two ? 2U : 1U); ++r) {
      const std::size_t i = a + r, first = block * kLanes;
      const std::size_t begin = i < first ? 0 : i - first + 1, end = std::min(kLanes, n - first);
      if (begin >= end) continue;
      alignas(64) std::array<float, 4 * kLanes> star{};
      alignas(64) std::array<float, kLanes> moved{};
      std::array<std::uint32_t, kLanes> matches{};
      kernels.matches(code_rows.data() + i * items, code_blocks.data() + block * items * kLanes, items, matches.data());
      if (request.rasch) kernels.star(right.row(i), wrong.row(i), right.block(block), wrong.block(block), share.data(), items, star.data());
      if (request.pace) kernels.dot(pace.row(i), pace.block(block), items, moved.data());
      for (std::size_t l = begin; l < end; ++l) {
        const std::size_t b = first + l;
        const auto m = static_cast<float>(matches[l]);
        float zs = -1e30F, zn = -1e30F;
        if (request.rasch) {
          const float e = star[l], v = e - star[kLanes + l], ca = star[2 * kLanes + l], cb = star[3 * kLanes + l];
          float given = v;
          if (information[i] > 0) given -= ca * ca / information[i];
          if (information[b] > 0) given -= cb * cb / information[b];
          given = std::max(given, 0.2F * v);
          const float sd = given > 0 ? std::sqrt(given) : 0;
          out.star_spread.add(sd > 0 ? (m - e) / sd : 0);
          zs = sd > 0 ? (m - 0.5F - e) / sd : 0;
          meet(out.star, i, b, zs);
        }
        if (request.nominal) {
          const float e = expected[r * kLanes + l], v = e - squares[r * kLanes + l];
          zn = v > 1e-6F ? (m - e) / std::sqrt(v) : 0;
          out.nominal_spread.add(zn);
          meet(out.nominal, i, b, zn);
        }
        if (request.pace) {
          const float rho = std::clamp(moved[l], -0.99999F, 0.99999F);
          const float z = std::atanh(rho) * std::sqrt(std::max(1.0F, static_cast<float>(items) - 3));
          out.pace_spread.add(z);
          meet(out.pace, i, b, z);
        }
        if (request.rasch || request.nominal) keep(i, b, zs, zn);
        ++out.pairs;
      }
    }
  }

  void run() {
    const std::size_t blocks = (n + kLanes - 1) / kLanes;
    for (std::size_t start = 0; start < n; start += kRows)
      for (std::size_t block = start / kLanes; block < blocks; ++block)
        for (std::size_t a = start; a < std::min({n, start + kRows, (block + 1) * kLanes}); a += 2) step(a, a + 1 < n && a + 1 < start + kRows, block);
    cut();
    std::sort(out.top.begin(), out.top.end(), [](const ScannedPair& x, const ScannedPair& y) { return x.a != y.a ? x.a < y.a : x.b < y.b; });
  }
};

}  // namespace

double SpreadCounter::quantile(double share) const {
  if (count_ == 0) return 0;
  const double wanted = share * static_cast<double>(count_);
  double below = 0;
  for (std::size_t i = 0; i < kBins; ++i) {
    const auto here = static_cast<double>(bins_[i]);
    if (below + here >= wanted && here > 0) return (static_cast<double>(i) + (wanted - below) / here) / 512 - 16;
    below += here;
  }
  return 48;
}

double SpreadCounter::robust_sd() const {
  const double centre = median();
  double low = 0, high = 64;
  while (high - low > 1e-4) {  // the radius around the median that holds half
    const double radius = (low + high) / 2;
    const auto inside = at_least(centre - radius) - at_least(centre + radius);
    (2 * inside < count_ ? low : high) = radius;
  }
  return 1.4826 * (low + high) / 2;
}

double SpreadCounter::scale() const {
  if (count_ == 0) return 1;
  double scale = std::max(1.0, robust_sd());
  if (count_ > kLargeFamily) scale = std::max(scale, (quantile(0.99) - median()) / kNormalQuantile99);
  return scale;
}

std::uint64_t SpreadCounter::at_least(double z) const {
  const double at = (z + 16) * 512;
  if (at <= 0) return count_;
  if (at >= static_cast<double>(kBins)) return 0;
  const auto bin = static_cast<std::size_t>(at);
  double sum = static_cast<double>(bins_[bin]) * (1 - (at - static_cast<double>(bin)));
  for (std::size_t i = bin + 1; i < kBins; ++i) sum += static_cast<double>(bins_[i]);
  return static_cast<std::uint64_t>(sum);
}

PairScan scan_pairs(const ExamData& exam, const ScanRequest& request) {
  Scanner scanner(exam, request);
  scanner.run();
  return std::move(scanner.out);
}

NominalModel::NominalModel(const ExamData& exam, const NominalFit& fit) : exam_(&exam), fit_(&fit) {
  for (const NominalItem& item : fit.items) first_.push_back(width_), width_ += item.slope.size();
  if (exam.candidates.size() * width_ * sizeof(double) > kCacheLimit) return;
  std::vector<double> all;
  all.reserve(exam.candidates.size() * width_);
  for (int i = 0; i < exam.candidate_count(); ++i) {
    const auto one = row(i);
    all.insert(all.end(), one.begin(), one.end());
  }
  cache_ = std::move(all);
}

std::vector<double> NominalModel::row(int candidate) const {
  const auto i = static_cast<std::size_t>(candidate);
  if (!cache_.empty()) return {cache_.begin() + static_cast<std::ptrdiff_t>(i * width_), cache_.begin() + static_cast<std::ptrdiff_t>((i + 1) * width_)};
  std::vector<double> out;
  out.reserve(width_);
  for (const NominalItem& item : fit_->items)
    for (const double p : option_probabilities(item, fit_->ability[i])) out.push_back(p);
  return out;
}

void NominalModel::match_probabilities(int a, int b, std::vector<double>& right, std::vector<double>& wrong) const {
  const auto pa = row(a), pb = row(b);
  const auto mine = exam_->row(a), theirs = exam_->row(b);
  right.clear(), wrong.clear();
  for (std::size_t j = 0; j < exam_->items.size(); ++j) {
    if (mine[j] == kNoAnswer || theirs[j] == kNoAnswer) continue;
    double same = 0;
    for (std::size_t k = 0; k < exam_->options[j].size(); ++k) same += pa[first_[j] + k] * pb[first_[j] + k];
    const std::size_t key = first_[j] + static_cast<std::size_t>(exam_->key[j]);
    right.push_back(pa[key] * pb[key]);
    wrong.push_back(std::max(0.0, same - right.back()));
  }
}

StarPair NominalModel::compare(int a, int b) const {
  const auto mine = exam_->row(a), theirs = exam_->row(b);
  StarPair pair{.a = a, .b = b};
  std::vector<double> pi, wrong;
  match_probabilities(a, b, pi, wrong);
  for (std::size_t at = 0; at < pi.size(); ++at) pi[at] += wrong[at];
  for (std::size_t j = 0; j < mine.size(); ++j) {
    if (mine[j] == kNoAnswer || mine[j] != theirs[j]) continue;
    ++pair.matches;
    pair.wrong_matches += mine[j] != exam_->key[j];
  }
  const MatchStatistic s = omega(pi, pair.matches);
  pair.shared = static_cast<int>(pi.size());
  pair.expected = s.expected, pair.variance = pair.variance_given_scores = s.variance;
  pair.z = pair.z_corrected = s.z;
  return pair;
}

double NominalModel::directed(int copier, int source) const {
  const auto p = row(copier);
  const auto mine = exam_->row(copier), theirs = exam_->row(source);
  std::vector<double> pi;
  int matches = 0;
  for (std::size_t j = 0; j < mine.size(); ++j) {
    if (mine[j] == kNoAnswer || theirs[j] == kNoAnswer) continue;
    pi.push_back(p[first_[j] + static_cast<std::size_t>(theirs[j])]);
    matches += mine[j] == theirs[j];
  }
  return omega(pi, matches).z;
}

}  // namespace invigil
