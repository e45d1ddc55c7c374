#pragma once
// Who sat how close to whom: the families of pairs that share the error allowed.

#include <array>
#include <utility>
#include <vector>

#include "analysis/forensics/findings/exam_report.h"

namespace invigil {

/// Families of an exam's pairs and what each candidate has of them. Time and memory: candidates and the pairs inside rooms.
class SeatFamilies {
 public:
  static constexpr std::size_t kCount = 4;
  explicit SeatFamilies(const ExamData& exam);

  bool seated() const { return !exam_->seats.empty(); }
  /// Adjacent = same room, at most one row and one column apart. Without seats every pair is `other`.
  PairFamily of(int a, int b) const;
  bool same_institution(int a, int b) const;
  /// "centre / room"; empty where unknown.
  const std::string& room(int candidate) const { return rooms_[static_cast<std::size_t>(candidate)]; }
  const std::vector<std::string>& rooms() const { return rooms_; }
  /// All pairs of one room, a < b.
  const std::vector<std::pair<int, int>>& near() const { return near_; }
  /// Pairs of a family in the exam.
  double size(PairFamily family) const { return sizes_[static_cast<std::size_t>(family)]; }
  /// Its share of α: adjacent 80 %, same room 15 %, same institution or centre 4 %, others 1 %, made to sum to 1 over those that have
  /// pairs.
  double share(PairFamily family) const { return shares_[static_cast<std::size_t>(family)]; }
  /// How many tests of one candidate a pair of this family stands for: the partners there ÷ the family's share among the candidate's own.
  double tests_of(int candidate, PairFamily family) const;
  std::vector<FamilySize> listed() const;
  /// Pairs that cannot have seen each other, for the exam's own null: of the farthest family that has `wanted` of them, else all pairs but
  /// the adjacent. At most `limit`, chosen the same way every time.
  std::vector<std::pair<int, int>> strangers(std::size_t wanted, std::size_t limit) const;

 private:
  void count();
  const ExamData* exam_;
  int n_;
  std::vector<std::string> rooms_;
  std::vector<std::pair<int, int>> near_;
  std::array<double, kCount> sizes_{}, shares_{};
  std::vector<std::array<double, kCount>> partners_;
};

}  // namespace invigil
