// Writes one simulated exam as JSON for the demonstration: the paper, who answered what when, and, for the demonstration alone, who copied.
//
//   invigil-demo-exam --seed S [--rows 4] [--columns 6] [--items 40]
//   {"items":[{"id","options","key"}],"seats":[{"row","column"}],"events":[[seat, "item.shown", item, from, to, at_s,
//   client_s]…],"copied":[[copier, source]]}

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "analysis/forensics/exam/simulator.h"

int main(int argc, char** argv) {
  using nlohmann::json;
  invigil::SimulationPlan plan;
  plan.rows = 4;
  plan.columns = 6;
  plan.items = 40;
  plan.copiers_per_room = 1;
  plan.copied = 0.9;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    const auto value = std::strtoull(argv[i + 1], nullptr, 10);
    if (name == "--seed")
      plan.seed = value;
    else if (name == "--rows")
      plan.rows = static_cast<int>(value);
    else if (name == "--columns")
      plan.columns = static_cast<int>(value);
    else if (name == "--items")
      plan.items = static_cast<int>(value);
    else
      return std::fprintf(stderr, "unknown option %s\n", argv[i]), 2;
  }
  if (argc % 2 == 0 || plan.rows < 1 || plan.columns < 1 || plan.items < 1)
    return std::fprintf(stderr, "every option needs a value of at least 1\n"), 2;
  const invigil::SimulatedExam simulated = invigil::simulate_exam(plan);
  const invigil::ExamData& exam = simulated.exam;
  const auto label = [&](int item, std::int8_t code) {
    return code == invigil::kNoAnswer ? std::string() : exam.options[static_cast<std::size_t>(item)][static_cast<std::size_t>(code)];
  };
  json out{{"items", json::array()}, {"seats", json::array()}, {"events", json::array()}, {"copied", json::array()}};
  for (std::size_t j = 0; j < exam.items.size(); ++j)
    out["items"].push_back({{"id", exam.items[j]}, {"options", exam.options[j]}, {"key", label(static_cast<int>(j), exam.key[j])}});
  for (const auto& seat : exam.seats) out["seats"].push_back({{"row", seat.row}, {"column", seat.column}});
  for (const auto& e : simulated.events) {
    const char* act = e.act == invigil::SimulatedAct::shown      ? "item.shown"
                      : e.act == invigil::SimulatedAct::answered ? "item.answered"
                                                                 : "item.changed";
    out["events"].push_back(
        {e.candidate, act, exam.items[static_cast<std::size_t>(e.item)], label(e.item, e.from), label(e.item, e.to), e.at_s, e.client_s});
  }
  for (const auto& [copier, source] : simulated.copied) out["copied"].push_back({copier, source});
  std::cout << out.dump() << std::endl;
  return std::cout.good() ? 0 : 1;
}
