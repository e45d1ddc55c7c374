#include "analysis/forensics/hypotheses/pair_scan.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "analysis/forensics/models/pair_kernels.h"

namespace invigil {
namespace {

constexpr std::size_t kTileFloats = 64 << 10;  // a tile's rows stay in the second-level cache
constexpr std::size_t kChunkFeatures = 256;    // and the part of a block they meet in the first
constexpr std::size_t kMostRows = 256;
constexpr std::uint8_t kMissing = 0xFF, kMissingInRow = 0xFE;  // never equal
constexpr float kNever = -1e30F;
constexpr float kSeriesUpTo = 0.5F;

/// Values of all candidates, kLanes of them side by side: [block][feature][lane].
template <typename Value>
struct Blocks {
  std::size_t width = 0;
  std::vector<Value> values, rows;  // rows: of the present tile, candidate after candidate
  void resize(std::size_t n, std::size_t features, Value fill) {
    width = features;
    values.assign((n + kLanes - 1) / kLanes * kLanes * features, fill);
  }
  Value& at(std::size_t i, std::size_t feature) { return values[(i / kLanes * width + feature) * kLanes + i % kLanes]; }
  const Value* block(std::size_t b) const { return values.data() + b * width * kLanes; }
  const Value* row(std::size_t r) const { return rows.data() + r * width; }
  void take_rows(std::size_t start, std::size_t count) {
    rows.resize(count * width);
    for (std::size_t r = 0; r < count; ++r)
      for (std::size_t f = 0; f < width; ++f) rows[r * width + f] = at(start + r, f);
  }
};

/// Everybody's most similar partner so far, in whole blocks.
struct Nearest {
  std::vector<float> z;
  std::vector<int> partner;
  void resize(std::size_t padded) { z.assign(padded, kNever), partner.assign(padded, -1); }
  void meet(std::size_t a, std::size_t b, float value) {
    if (value > z[a]) z[a] = value, partner[a] = static_cast<int>(b);
    if (value > z[b]) z[b] = value, partner[b] = static_cast<int>(a);
  }
  /// Whether any lane is somebody's new nearest.
  bool any(std::size_t a, std::size_t first, const float* value) const {
    const float* theirs = z.data() + first;
    const float mine = z[a];
    int found = 0;
    for (std::size_t l = 0; l < kLanes; ++l) found |= static_cast<int>(value[l] > theirs[l]) | static_cast<int>(value[l] > mine);
    return found != 0;
  }
  std::vector<Closest> closest(std::size_t n) const {
    std::vector<Closest> all(z.empty() ? 0 : n);
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = {z[i], partner[i]};
    return all;
  }
};

struct Scanner {
  const ExamData& exam;
  const ScanRequest& request;
  const std::size_t n, items, padded;
  const PairKernels& kernels = pair_kernels();
  PairScan out;
  Blocks<std::uint8_t> code;
  Blocks<float> right, choice, pace;
  std::vector<float> share, inverse_information, wrong_rows, wrong_block, partial;
  std::vector<std::uint32_t> first_option;  // where an item's features start in `choice`
  std::vector<std::size_t> chunks;          // items at which the chunks of `choice` start, and the end
  Nearest star, nominal, pacing;
  float threshold = kNever;

  Scanner(const ExamData& e, const ScanRequest& r)
      : exam(e), request(r), n(e.candidates.size()), items(e.items.size()), padded((n + kLanes - 1) / kLanes * kLanes) {
    code.resize(n, items, kMissing);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < items; ++j)
        if (const std::int8_t answer = exam.answers[i * items + j]; answer != kNoAnswer) code.at(i, j) = static_cast<std::uint8_t>(answer);
    if (request.rasch) prepare_star();
    if (request.nominal) prepare_nominal();
    if (request.pace) {
      pace.resize(n, items, 0);
      for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < items; ++j) pace.at(i, j) = (*request.pace)[i * items + j];
      pacing.resize(padded);
    }
  }

  void prepare_star() {
    right.resize(n, items, 0);
    share.assign(items, 0), inverse_information.assign(padded, 0), wrong_block.assign(items * kLanes, 0);
    for (std::size_t j = 0; j < items; ++j)
      for (const double s : request.rasch->wrong_share[j]) share[j] += static_cast<float>(s * s);
    for (std::size_t i = 0; i < n; ++i) {
      double information = 0;
      for (std::size_t j = 0; j < items; ++j) {
        if (exam.answers[i * items + j] == kNoAnswer) continue;
        const double p = rasch_probability(*request.rasch, static_cast<int>(i), static_cast<int>(j));
        right.at(i, j) = static_cast<float>(p);
        information += p * (1 - p);
      }
      inverse_information[i] = information > 0 ? static_cast<float>(1 / information) : 0;
    }
    star.resize(padded);
  }

  void prepare_nominal() {
    const NominalTable table(request.nominal->items);
    chunks.assign(1, 0);
    for (std::size_t j = 0; j < items; ++j) {
      if (table.first(j + 1) - table.first(chunks.back()) > kChunkFeatures && j > chunks.back()) chunks.push_back(j);
      first_option.push_back(static_cast<std::uint32_t>(table.first(j)));
    }
    first_option.push_back(static_cast<std::uint32_t>(table.width()));
    chunks.push_back(items);
    choice.resize(n, table.width(), 0);
    std::vector<double> p(table.width());
    for (std::size_t i = 0; i < n; ++i) {
      table.probabilities(request.nominal->ability[i], p);
      for (std::size_t j = 0; j < items; ++j)
        if (exam.answers[i * items + j] != kNoAnswer)
          for (std::size_t f = table.first(j); f < table.first(j + 1); ++f) choice.at(i, f) = static_cast<float>(p[f]);
    }
    nominal.resize(padded);
  }

  void keep(std::size_t a, std::size_t b, float zs, float zn) {
    if (std::max(zs, zn) <= threshold) return;
    out.top.push_back({static_cast<int>(a), static_cast<int>(b), zs, zn});
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
    threshold = std::nextafter(threshold, kNever);
    out.top.resize(request.keep);
  }

  void take_tile(std::size_t start, std::size_t count) {
    code.take_rows(start, count);
    if (request.rasch) {
      right.take_rows(start, count);
      wrong_rows.resize(count * items);
      for (std::size_t at = 0; at < wrong_rows.size(); ++at) wrong_rows[at] = code.rows[at] == kMissing ? 0 : 1 - right.rows[at];
    }
    std::replace(code.rows.begin(), code.rows.end(), kMissing, kMissingInRow);
    if (request.nominal) choice.take_rows(start, count);
    if (request.pace) pace.take_rows(start, count);
    partial.resize((count + 1) * 2 * kLanes);
  }

  /// Expected matches and squares of the tile's first `count` rows against a block, two rows at once: [pair of rows][e, e, s, s][lane].
  void add_nominal(std::size_t block, std::size_t count) {
    std::fill(partial.begin(), partial.end(), 0.0F);
    for (std::size_t c = 0; c + 1 < chunks.size(); ++c) {
      const std::size_t first = chunks[c], feature = first_option[first];
      for (std::size_t r = 0; r < count; r += 2) {
        float* sums = partial.data() + r * 2 * kLanes;
        kernels.nominal(choice.row(r) + feature, choice.row(r + 1 < count ? r + 1 : r) + feature, choice.block(block) + feature * kLanes,
                        first_option.data() + first, chunks[c + 1] - first, sums, sums + 2 * kLanes);
      }
    }
  }

  /// (1 - p) Σ share² of a block: the wrong answers' part of a match.
  void weigh_wrong(std::size_t block) {
    const float* p = right.block(block);
    const std::uint8_t* codes = code.block(block);
    for (std::size_t j = 0; j < items; ++j)
      for (std::size_t at = j * kLanes; at < (j + 1) * kLanes; ++at) wrong_block[at] = codes[at] == kMissing ? 0 : (1 - p[at]) * share[j];
  }

  /// Fisher's z of correlations; the odd series serves nearly all.
  void transform_pace(std::array<float, kLanes>& z) const {
    const float root = std::sqrt(std::max(1.0F, static_cast<float>(items) - 3));
    std::array<float, kLanes> rho = z;
    int large = 0;
    for (std::size_t l = 0; l < kLanes; ++l) {
      const float x = rho[l], s = x * x;
      large |= static_cast<int>(s > kSeriesUpTo * kSeriesUpTo);
      z[l] = root * x *
             (1 + s * (1.0F / 3 + s * (1.0F / 5 + s * (1.0F / 7 + s * (1.0F / 9 + s * (1.0F / 11 + s * (1.0F / 13 + s * (1.0F / 15))))))));
    }
    if (large == 0) return;
    for (std::size_t l = 0; l < kLanes; ++l) z[l] = root * std::atanh(std::clamp(rho[l], -0.99999F, 0.99999F));
  }

  /// Row r of the tile, candidate i, against a block; lanes at or before the candidate itself are no pairs.
  void meet(std::size_t r, std::size_t i, std::size_t block) {
    const std::size_t first = block * kLanes, begin = i < first ? 0 : i - first + 1, end = std::min(kLanes, n - first);
    if (begin >= end) return;
    alignas(64) std::array<float, kLanes> matches{}, zs, zn, zp{}, plain{};
    zs.fill(kNever), zn.fill(kNever);
    kernels.matches(code.row(r), code.block(block), items, matches.data());
    bool found = false;
    if (request.rasch) {
      alignas(64) std::array<float, 4 * kLanes> sums;
      kernels.star(right.row(r), wrong_rows.data() + r * items, right.block(block), wrong_block.data(), share.data(), items, sums.data());
      kernels.score_star(matches.data(), sums.data(), inverse_information[i], inverse_information.data() + first, plain.data(), zs.data());
      out.star_spread.add(plain.data(), begin, end);
      found |= star.any(i, first, zs.data());
    }
    if (request.nominal) {
      const float* sums = partial.data() + r / 2 * 4 * kLanes + r % 2 * kLanes;
      kernels.score(matches.data(), sums, sums + 2 * kLanes, zn.data());
      out.nominal_spread.add(zn.data(), begin, end);
      found |= nominal.any(i, first, zn.data());
    }
    if (request.pace) {
      kernels.dot(pace.row(r), pace.block(block), items, zp.data());
      transform_pace(zp);
      out.pace_spread.add(zp.data(), begin, end);
      found |= pacing.any(i, first, zp.data());
    }
    out.pairs += end - begin;
    int high = 0;
    for (std::size_t l = 0; l < kLanes; ++l) high |= static_cast<int>(zs[l] > threshold) | static_cast<int>(zn[l] > threshold);
    if (!found && high == 0) return;
    for (std::size_t l = begin; l < end; ++l) {
      if (request.rasch) star.meet(i, first + l, zs[l]);
      if (request.nominal) nominal.meet(i, first + l, zn[l]);
      if (request.pace) pacing.meet(i, first + l, zp[l]);
      if (request.rasch || request.nominal) keep(i, first + l, zs[l], zn[l]);
    }
  }

  void run() {
    const std::size_t last = std::min(n, request.last), widest = std::max<std::size_t>(1, std::max(choice.width, 2 * items));
    const std::size_t rows =
        request.tile_rows > 0 ? request.tile_rows : std::clamp<std::size_t>(kTileFloats / widest / kLanes * kLanes, kLanes, kMostRows);
    for (std::size_t start = request.first; start < last; start += rows) {
      const std::size_t count = std::min(rows, last - start);
      take_tile(start, count);
      for (std::size_t block = start / kLanes; block * kLanes < n; ++block) {
        const std::size_t meeting = std::min(count, (block + 1) * kLanes - start);
        if (request.nominal) add_nominal(block, meeting);
        if (request.rasch) weigh_wrong(block);
        for (std::size_t r = 0; r < meeting; ++r) meet(r, start + r, block);
      }
    }
    cut();
    std::sort(out.top.begin(), out.top.end(),
              [](const ScannedPair& x, const ScannedPair& y) { return x.a != y.a ? x.a < y.a : x.b < y.b; });
    out.star = star.closest(n), out.nominal = nominal.closest(n), out.pace = pacing.closest(n);
  }
};

}  // namespace

PairScan scan_pairs(const ExamData& exam, const ScanRequest& request) {
  Scanner scanner(exam, request);
  scanner.run();
  return std::move(scanner.out);
}

}  // namespace invigil
