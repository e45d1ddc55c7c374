#include "analysis/forensics/exam/exam_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace invigil {

Result<> check_exam(const ExamData& exam) {
  const std::size_t n = exam.candidates.size(), items = exam.items.size(), cells = n * items;
  if (n == 0) return fail(ErrorCode::invalid, "the exam has no candidates");
  if (items == 0) return fail(ErrorCode::invalid, "the exam has no items");
  if (exam.options.size() != items || exam.key.size() != items || exam.answers.size() != cells)
    return fail(ErrorCode::invalid, "options, key and answers do not fit the candidates and items");
  for (const auto* optional : {&exam.seconds, &exam.commit_s})
    if (!optional->empty() && optional->size() != cells) return fail(ErrorCode::invalid, "times do not fit the candidates and items");
  if (!exam.seats.empty() && exam.seats.size() != n) return fail(ErrorCode::invalid, "seats do not fit the candidates");
  if (!exam.bank_difficulty.empty() && exam.bank_difficulty.size() != items)
    return fail(ErrorCode::invalid, "the item bank does not fit the items");
  if (std::set<std::string>(exam.candidates.begin(), exam.candidates.end()).size() != n)
    return fail(ErrorCode::invalid, "a candidate stands twice");
  if (std::set<std::string>(exam.items.begin(), exam.items.end()).size() != items) return fail(ErrorCode::invalid, "an item stands twice");
  for (std::size_t j = 0; j < items; ++j) {
    const int count = exam.option_count(static_cast<int>(j));
    if (count < 2 || count > kMaxOptions)
      return fail(ErrorCode::invalid, fmt::format("item {} has {} options; 2 to {} are possible", exam.items[j], count, kMaxOptions));
    if (exam.key[j] < 0 || exam.key[j] >= count)
      return fail(ErrorCode::invalid, fmt::format("the key of item {} is none of its options", exam.items[j]));
  }
  for (std::size_t i = 0; i < cells; ++i)
    if (exam.answers[i] < kNoAnswer || exam.answers[i] >= exam.option_count(static_cast<int>(i % items)))
      return fail(ErrorCode::invalid,
                  fmt::format("candidate {} gave an unknown option to item {}", exam.candidates[i / items], exam.items[i % items]));
  for (const AnswerChange& c : exam.changes)
    if (c.candidate < 0 || c.candidate >= exam.candidate_count() || c.item < 0 || c.item >= exam.item_count())
      return fail(ErrorCode::invalid, "an answer change names an unknown candidate or item");
  return {};
}

double median_of(std::vector<double> values) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  const std::size_t middle = values.size() / 2;
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(middle), values.end());
  const double upper = values[middle];
  if (values.size() % 2 == 1) return upper;
  return (upper + *std::max_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(middle))) / 2;
}

double robust_sd(const std::vector<double>& values) {
  const double centre = median_of(values);
  std::vector<double> away(values.size());
  std::transform(values.begin(), values.end(), away.begin(), [&](double v) { return std::abs(v - centre); });
  return 1.4826 * median_of(std::move(away));
}

}  // namespace invigil
