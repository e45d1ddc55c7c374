#pragma once
// An exam from CSV files: responses, key, and what else there is; faults by file, line and column, repairs counted.

#include <filesystem>
#include <string>
#include <vector>

#include "analysis/forensics/exam_data.h"

namespace invigil {

/// Files of one exam; empty paths are absent. Formats:
///   responses  candidate,<item>…       option labels, empty = no answer
///   key        item,key
///   times      candidate,<item>…       seconds
///   seats      candidate,institution,center,room,row,column
///   changes    candidate,item,at_s,from,to
///   bank       item,b                  difficulties in logits
struct ExamFiles {
  std::filesystem::path responses, key;
  std::filesystem::path times = {}, changes = {}, seats = {}, bank = {};
};

struct ReadExam {
  ExamData exam;
  std::vector<std::string> repairs;  ///< each stated and counted: "times.csv: 105 times of 0 taken as unknown"
};

/// Reads and cross-checks all files. Options of an item are the labels seen in its column, its key and, when all labels are single
/// letters, the letters between the first and the last of the exam. A time of 0 is taken as unknown and counted; a negative one is an error.
Result<ReadExam> read_exam(const ExamFiles& files);

}  // namespace invigil
