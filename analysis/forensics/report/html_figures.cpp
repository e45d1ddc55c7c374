#include "analysis/forensics/report/html_figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analysis/forensics/report/html_text.h"
#include "analysis/forensics/report/words.h"

namespace invigil {
namespace {

constexpr std::size_t kBlockCharacters = 62;
constexpr std::size_t kGroup = 10;
constexpr double kFastZ = 3.5;
constexpr double kLeft = 56, kRight = 446, kTop = 14, kBottom = 274;

const std::string& label_of(const ExamData& exam, int who, std::size_t item) {
  static const std::string none = "·";
  const std::int8_t code = exam.row(who)[item];
  return code == kNoAnswer ? none : exam.options[item][static_cast<std::size_t>(code)];
}

std::size_t width_of(const ExamData& exam, std::size_t item) {
  std::size_t width = 1;
  for (const std::string& option : exam.options[item]) width = std::max(width, characters_of(option));
  return width;
}

std::string padded(const std::string& text, std::size_t width) {
  return std::string(width - std::min(width, characters_of(text)), ' ') + html_escaped(text);
}

/// A run of equally styled cells shares one element.
class StyledRow {
 public:
  void add(char style, const std::string& text) {
    if (style != open_) close(), open_ = style, out_ += style ? fmt::format("<{}>", style) : "";
    out_ += text;
  }
  std::string finish() {
    close();
    return std::move(out_);
  }

 private:
  void close() {
    if (open_) out_ += fmt::format("</{}>", open_);
    open_ = 0;
  }
  std::string out_;
  char open_ = 0;
};

std::string answer_row(const ExamData& exam, int who, int with, std::size_t first, std::size_t last) {
  StyledRow row;
  for (std::size_t j = first; j < last; ++j) {
    const std::int8_t mine = exam.row(who)[j];
    const bool same = mine != kNoAnswer && mine == exam.row(with)[j];
    row.add(same ? (mine == exam.key[j] ? 'u' : 'b') : 'i', padded(label_of(exam, who, j), width_of(exam, j)));
    if ((j + 1) % kGroup == 0) row.add(0, " ");
  }
  return row.finish();
}

/// The empty plot; `key` names its title and axes.
std::string frame(const std::string& key) {
  const auto text = [](const Wording& words, const char* where) {
    return fmt::format("<text class=zh lang=zh {0} text-anchor=middle>{1}</text><text class=en lang=en {0} text-anchor=middle>{2}</text>",
                       where, words.zh, words.en);
  };
  return "<figure class=plot><figcaption>" + html_words(key + ".title") + "</figcaption><svg viewBox='0 0 460 326' role=img>" +
         fmt::format("<rect class=frame x={} y={} width={} height={} />", kLeft, kTop, kRight - kLeft, kBottom - kTop) +
         text(words(key + ".across"), "x=251 y=316") + text(words(key + ".up"), "transform='translate(14 144) rotate(-90)'");
}

}  // namespace

std::string answers_side_by_side(const ExamData& exam, int a, int b) {
  std::string out = "<table class=answers>";
  const std::size_t items = exam.items.size();
  for (std::size_t first = 0; first < items;) {
    std::size_t last = first, used = 0;
    while (last < items && (used == 0 || used + width_of(exam, last) <= kBlockCharacters || last % kGroup != 0))
      used += width_of(exam, last) + ((last + 1) % kGroup == 0), ++last;
    std::string ruler, key;
    for (std::size_t j = first, group = 0; j < last; ++j) {
      group += width_of(exam, j);
      key += padded(exam.options[j][static_cast<std::size_t>(exam.key[j])], width_of(exam, j));
      if ((j + 1) % kGroup == 0) ruler += fmt::format("{:>{}} ", j + 1, group), key += ' ', group = 0;
    }
    const auto row = [&](const std::string& name, const char* style, const std::string& cells) {
      out += fmt::format("<tr class={}><th>{}</th><td>{}</td></tr>", style, name, cells);
    };
    row(html_words("pair.item"), "ruler", ruler);
    row(html_words("pair.key"), "ruler", key);
    for (const auto& [who, with] : {std::pair{a, b}, std::pair{b, a}})
      row(html_escaped(exam.candidates[static_cast<std::size_t>(who)]), "who", answer_row(exam, who, with, first, last));
    first = last;
  }
  return out + "</table>";
}

std::string seat_map(const ExamData& exam, const ExamFindings& findings, const std::string& room, const std::vector<int>& members,
                     const std::vector<const PairFinding*>& links, const std::vector<int>& rank) {
  constexpr int kStep = 38, kEdge = 26;
  int rows = 1, columns = 1;
  const auto seat = [&](int i) -> const SeatPlace& { return exam.seats[static_cast<std::size_t>(i)]; };
  for (const int i : members) rows = std::max(rows, seat(i).row), columns = std::max(columns, seat(i).column);
  const auto x = [&](int i) { return kEdge + seat(i).column * kStep - kStep / 2; };
  const auto y = [&](int i) { return kEdge + seat(i).row * kStep - kStep / 2; };
  std::string out = fmt::format("<figure class=room><figcaption>{}</figcaption><svg width={} height={} role=img>", html_escaped(room),
                                kEdge + columns * kStep + 4, kEdge + rows * kStep + 4);
  for (int c = 1; c <= columns; ++c) out += fmt::format("<text x={} y=16 text-anchor=middle>{}</text>", kEdge + c * kStep - kStep / 2, c);
  for (int r = 1; r <= rows; ++r) out += fmt::format("<text x=18 y={} text-anchor=end>{}</text>", kEdge + r * kStep - kStep / 2 + 4, r);
  for (const PairFinding* f : links) {
    const auto here = [&](int i) { return std::binary_search(members.begin(), members.end(), i); };
    if (!here(f->pair.a) || !here(f->pair.b)) continue;
    out += fmt::format("<line class=link x1={} y1={} x2={} y2={}><title>{} – {}</title></line>", x(f->pair.a), y(f->pair.a), x(f->pair.b),
                       y(f->pair.b), html_escaped(exam.candidates[static_cast<std::size_t>(f->pair.a)]),
                       html_escaped(exam.candidates[static_cast<std::size_t>(f->pair.b)]));
  }
  for (const int i : members) {
    const CandidateFinding& c = findings.candidates[static_cast<std::size_t>(i)];
    const std::string title = "<title>" + html_escaped(exam.candidates[static_cast<std::size_t>(i)]) + "</title>";
    if (c.level >= SuspicionLevel::review)
      out += fmt::format(
          "<a href='#c{0}'><rect class=hot x={1} y={2} width=26 height=26 rx=4>{3}</rect><text class=in x={4} y={5} "
          "text-anchor=middle>{6}</text></a>",
          i, x(i) - 13, y(i) - 13, title, x(i), y(i) + 4,
          rank[static_cast<std::size_t>(i)] > 0 ? std::to_string(rank[static_cast<std::size_t>(i)]) : "");
    else
      out += fmt::format("<circle class=seat cx={} cy={} r=9>{}</circle>", x(i), y(i), title);
  }
  return out + "</svg></figure>";
}

std::string score_against_speed(const ExamData& exam, const ExamFindings& findings, int quartile) {
  if (exam.seconds.empty()) return {};
  double low = -4, high = 5;
  for (const auto& c : findings.candidates)
    if (const auto* s = c.channel("speed"); s && std::isfinite(s->z)) low = std::min(low, s->z), high = std::max(high, s->z);
  low = std::floor(std::max(low, -12.0)), high = std::ceil(std::min(high, 16.0));
  const auto x = [&](double z) { return kLeft + (kRight - kLeft) * (std::clamp(z, low, high) - low) / (high - low); };
  const auto y = [&](double score) { return kBottom - (kBottom - kTop) * score / exam.item_count(); };
  std::string out = frame("speed");
  out +=
      fmt::format("<rect class=zone x={:.1f} y={} width={:.1f} height={:.1f} />", x(kFastZ), kTop, kRight - x(kFastZ), y(quartile) - kTop);
  for (int z = static_cast<int>(low); z <= static_cast<int>(high); z += 2)
    out += fmt::format("<text x={:.0f} y=291 text-anchor=middle>{}</text>", x(z), z);
  for (int part = 0; part <= 4; ++part)
    out += fmt::format("<text x={} y={:.0f} text-anchor=end>{}</text>", kLeft - 6, kBottom + 4 - (kBottom - kTop) * part / 4,
                       exam.item_count() * part / 4);
  for (const auto& c : findings.candidates) {
    const auto* s = c.channel("speed");
    if (!s || !std::isfinite(s->z)) continue;
    const std::string title = "<title>" + html_escaped(exam.candidates[static_cast<std::size_t>(c.candidate)]) + "</title>";
    if (c.level >= SuspicionLevel::review)
      out += fmt::format("<rect class=hot x={:.1f} y={:.1f} width=8 height=8>{}</rect>", x(s->z) - 4, y(c.score) - 4, title);
    else
      out += fmt::format("<circle class=dot cx={:.1f} cy={:.1f} r=3>{}</circle>", x(s->z), y(c.score), title);
  }
  return out + "</svg></figure>";
}

std::string calibration_plot(const ExamFindings& findings) {
  if (findings.calibration.empty()) return {};
  double least = 1;
  for (const auto& c : findings.calibration) {
    least = std::min(least, c.nominal);
    if (c.observed > 0) least = std::min(least, c.observed);
  }
  const int decades = std::clamp(static_cast<int>(std::ceil(-std::log10(least))), 2, 6);
  const auto share = [&](double p) { return std::clamp((std::log10(std::max(p, 1e-300)) + decades) / decades, 0.0, 1.0); };
  const auto x = [&](double p) { return kLeft + (kRight - kLeft) * share(p); };
  const auto y = [&](double p) { return kBottom - (kBottom - kTop) * share(p); };
  std::string out = frame("calibration");
  for (int e = 0; e <= decades; ++e) {
    const double p = std::pow(10.0, -e);
    const std::string label = e == 0 ? "1" : e <= 3 ? fmt::format("{:.{}f}", p, e) : fmt::format("1e-{}", e);
    out += fmt::format("<text x={:.0f} y=291 text-anchor=middle>{}</text><text x={} y={:.0f} text-anchor=end>{}</text>", x(p), label,
                       kLeft - 6, y(p) + 4, label);
  }
  out += fmt::format("<line class=dash x1={} y1={} x2={} y2={} />", kLeft, kBottom, kRight, kTop);
  for (const auto& c : findings.calibration)
    if (c.observed > 0)
      out += fmt::format("<circle class=dot cx={:.1f} cy={:.1f} r=4><title>{} → {:.2g}</title></circle>", x(c.nominal), y(c.observed),
                         c.nominal, c.observed);
  return out + "</svg></figure>";
}

}  // namespace invigil
