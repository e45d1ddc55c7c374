#pragma once
// What an exam shows beside candidates and pairs: items that moved away from their bank, rooms whose changes end right, bursts of changes.

#include <vector>

#include "analysis/forensics/hypotheses/answer_changes.h"
#include "analysis/forensics/hypotheses/item_drift.h"

namespace invigil {

struct ExamPatterns {
  std::vector<ItemDrift> drift;                   ///< items the bank knows
  std::vector<GroupChanges> rooms, institutions;  ///< answer changes, by p
  std::vector<TurnedRight> turned_right;          ///< everybody who changed an answer, by p
  std::vector<ChangeBurst> bursts;                ///< by p, Holm over the candidates who changed a wrong answer; those with p < 0.05
};

/// The group a seat belongs to: "centre / room", with the institution where no centre is known; empty without a room.
std::string room_name(const SeatPlace& seat);

/// Takes an exam that check_exam() accepts. Deterministic.
ExamPatterns find_patterns(const ExamData& exam, const BankFigures& bank);

}  // namespace invigil
