#include "analysis/forensics/report/report_content.h"

#include <algorithm>

#include "analysis/forensics/report/html_text.h"

namespace invigil {
namespace {

constexpr double kReviewHolm = 0.01, kReviewQ = 0.05;

}  // namespace

bool is_significant(const PairFinding& f) { return f.p_adjusted <= kHolm || f.q <= kReviewQ; }
bool is_for_review(const PairFinding& f) { return f.p_adjusted <= kReviewHolm || f.q <= kReviewQ; }

ReportContent::ReportContent(const ExamData& exam_data, const ExamFindings& findings, const ExamPatterns& exam_patterns)
    : exam(exam_data), found(findings), patterns(exam_patterns) {
  for (const auto& c : found.candidates)
    if (c.level != SuspicionLevel::none) ranked.push_back(&c);
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto* x, const auto* y) { return x->level != y->level ? x->level > y->level : x->suspicion > y->suspicion; });
  rank.assign(found.candidates.size(), 0);
  for (std::size_t i = 0; i < ranked.size(); ++i) rank[static_cast<std::size_t>(ranked[i]->candidate)] = static_cast<int>(i) + 1;
}

std::string ReportContent::id(int candidate) const { return html_escaped(exam.candidates[static_cast<std::size_t>(candidate)]); }

std::string ReportContent::family(PairFamily family) const {
  return found.families.size() == 1 ? html_words("family.all") : html_family(family);
}

std::size_t ReportContent::of_level(SuspicionLevel level) const {
  return static_cast<std::size_t>(
      std::count_if(found.candidates.begin(), found.candidates.end(), [&](const auto& c) { return c.level == level; }));
}

bool ReportContent::has_channel(const char* name) const {
  return std::any_of(found.candidates.begin(), found.candidates.end(), [&](const auto& c) { return c.channel(name) != nullptr; });
}

}  // namespace invigil
