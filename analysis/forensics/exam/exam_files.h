#pragma once
// An exam from CSV files: responses, key, and what else there is; faults by file, line and column, repairs counted.

#include <filesystem>
#include <string>
#include <vector>

#include "analysis/forensics/exam/exam_data.h"
#include "analysis/forensics/exam/wording.h"

namespace invigil {

/// Files of one exam; empty paths are absent. Formats:
///   responses  candidate,<item>…       option labels, empty = no answer
///   key        item,key
///   times      candidate,<item>…       seconds
///   seats      candidate,institution,center,room,row,column
///   changes    candidate,item,at_s,from,to
///   bank       item,b[,se][,beta]      difficulties in logits, their standard errors, mean log seconds
struct ExamFiles {
  std::filesystem::path responses, key;
  std::filesystem::path times = {}, changes = {}, seats = {}, bank = {};
};

/// What a bank says of the items besides their difficulties; J entries or none, NaN where unknown.
struct BankFigures {
  std::vector<double> difficulty_error;  ///< standard errors, logits
  std::vector<double> intensity;         ///< mean log seconds of candidates of average speed
};

struct ReadExam {
  ExamData exam;
  BankFigures bank;
  std::vector<Wording> repairs;  ///< each stated and counted: "times.csv: 105 times of 0 s taken as unknown"
};

/// Reads and cross-checks all files; errors in `language`. Options of an item are the labels seen in its column and its key; where all
/// keys are single letters (or digits), also unchosen ones before the last seen, and the exam's last when only that is missing. Put right
/// and said so: lower-case and full-width letters, NA and marks like "-" or "*" (no answer), labels beyond the last key (options of their
/// own), times of 0 (unknown). Not put right: one candidate or item twice, negative times, names that are not in the responses, most
/// answers outside the options of the key.
Result<ReadExam> read_exam(const ExamFiles& files, Language language = Language::english);

}  // namespace invigil
