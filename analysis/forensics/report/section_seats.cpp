#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "analysis/forensics/report/html_figures.h"
#include "analysis/forensics/report/html_text.h"
#include "analysis/forensics/report/natural_order.h"
#include "analysis/forensics/report/sections.h"

namespace invigil {
namespace {

constexpr std::size_t kRoomsShown = 40, kRoomsAll = 6;
constexpr int kSeatsAcross = 60;

using Rooms = std::map<std::string, std::vector<int>, decltype(&natural_less)>;

/// Candidates by room, those whose seat can be drawn.
Rooms rooms_of(const ExamData& exam) {
  Rooms rooms(&natural_less);
  for (int i = 0; i < exam.candidate_count(); ++i) {
    const SeatPlace& s = exam.seats[static_cast<std::size_t>(i)];
    if (s.row > 0 && s.column > 0 && s.row <= kSeatsAcross && s.column <= kSeatsAcross && !s.room.empty()) rooms[room_name(s)].push_back(i);
  }
  return rooms;
}

/// The conspicuous rooms, or all where they are few; returns how many were left out.
std::size_t draw_rooms(HtmlPage& page, const ReportContent& content, const std::vector<const PairFinding*>& links) {
  std::vector<char> hot(content.exam.candidates.size(), 0);
  for (const auto& c : content.found.candidates) hot[static_cast<std::size_t>(c.candidate)] = c.level >= SuspicionLevel::review;
  const Rooms rooms = rooms_of(content.exam);
  std::size_t drawn = 0, quiet = 0;
  for (const auto& [name, members] : rooms) {
    const bool any = std::any_of(members.begin(), members.end(), [&](int i) { return hot[static_cast<std::size_t>(i)] != 0; });
    if ((!any && rooms.size() > kRoomsAll) || drawn >= kRoomsShown) {
      ++quiet;
      continue;
    }
    ++drawn;
    page.add(seat_map(content.exam, content.found, name, members, links, content.rank));
  }
  return quiet;
}

void write_groups(HtmlPage& page, const char* key, const std::vector<GroupPattern>& patterns) {
  if (patterns.empty()) return;
  auto by_p = patterns;
  std::stable_sort(by_p.begin(), by_p.end(), [](const auto& a, const auto& b) { return a.p < b.p; });
  page.add("<br>");
  page.open_table(key, {{key}, {"groups.candidates", true}, {"groups.pairs", true}, {"groups.expected", true}, {"p", true}});
  for (std::size_t i = 0; i < std::min(by_p.size(), kRowsShown); ++i)
    page.row({html_escaped(by_p[i].group), std::to_string(by_p[i].members), std::to_string(by_p[i].inside),
              fmt::format("{:.2f}", by_p[i].expected), html_probability(by_p[i].p)});
  page.close_table();
}

}  // namespace

void write_seats(HtmlPage& page, const ReportContent& content) {
  page.section("seats");
  if (content.exam.seats.empty()) return page.paragraph(words("seats.none"));
  std::vector<const PairFinding*> links;
  for (const PairFinding& f : content.found.pairs)
    if (is_for_review(f)) links.push_back(&f);
  page.paragraph(words("seats.legend"));
  const auto across = std::count_if(links.begin(), links.end(), [](const auto* f) { return f->family > PairFamily::same_room; });
  if (across > 0) page.paragraph(words("seats.across", across));
  page.add("<div class=rooms>");
  const std::size_t quiet = draw_rooms(page, content, links);
  page.add("</div>");
  if (quiet > 0) page.paragraph(words("seats.quiet", quiet), "dim");
  write_groups(page, "groups.room", content.found.rooms);
  write_groups(page, "groups.institution", content.found.institutions);
}

}  // namespace invigil
