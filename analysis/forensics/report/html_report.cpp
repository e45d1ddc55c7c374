#include "analysis/forensics/report/html_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "analysis/forensics/findings/person_channels.h"
#include "analysis/forensics/report/html_figures.h"
#include "analysis/forensics/report/html_style.h"
#include "analysis/forensics/report/html_text.h"

namespace invigil {
namespace {

constexpr std::size_t kPairsShown = 50, kPairsAtLeast = 5, kPairsRanked = 200, kPairsRankedAtLeast = 10, kCandidatesShown = 200,
                      kRoomsShown = 40, kRoomsAll = 6, kRowsShown = 15;
constexpr int kSeatsAcross = 60;
constexpr double kHolm = 0.05, kReviewHolm = 0.01, kReviewQ = 0.05, kLowEffort = 0.9, kEvidence = 0.01;

bool significant(const PairFinding& f) { return f.p_adjusted <= kHolm || f.q <= kReviewQ; }
/// The pairs that put their candidates on review (candidate_levels.h).
bool for_review(const PairFinding& f) { return f.p_adjusted <= kReviewHolm || f.q <= kReviewQ; }

/// "room 2" before "room 10".
bool natural_less(const std::string& x, const std::string& y) {
  std::size_t i = 0, k = 0;
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  while (i < x.size() && k < y.size()) {
    if (digit(x[i]) && digit(y[k])) {
      const auto number = [&](const std::string& text, std::size_t& at) {
        while (at < text.size() && text[at] == '0') ++at;
        const std::size_t begin = at;
        while (at < text.size() && digit(text[at])) ++at;
        return text.substr(begin, at - begin);
      };
      const std::string a = number(x, i), b = number(y, k);
      if (a.size() != b.size()) return a.size() < b.size();
      if (a != b) return a < b;
    } else {
      if (x[i] != y[k]) return x[i] < y[k];
      ++i, ++k;
    }
  }
  return x.size() - i != y.size() - k ? i == x.size() : x < y;
}

struct Column {
  const char *zh, *en;
  bool figure = false;
};

struct Page {
  const ExamData& exam;
  const ExamFindings& found;
  const ExamPatterns& patterns;
  std::string out = {};
  std::vector<const CandidateFinding*> ranked = {};
  std::vector<int> rank = {};  ///< by candidate: place in `ranked` from 1, 0 = none

  std::string id(int i) const { return html_escape(exam.candidates[static_cast<std::size_t>(i)]); }
  void heading(const char* anchor, const char* zh, const char* en) { out += fmt::format("<h2 id={}>{}</h2>", anchor, html_both(zh, en)); }
  void paragraph(const std::string& zh, const std::string& en, const char* style = "") {
    out += fmt::format("<p class='{}'>{}</p>", style, html_both(zh, en));
  }
  void card(const std::string& value, const char* zh, const char* en, const char* style = "") {
    out += fmt::format("<div class=card><b class='{}'>{}</b>{}</div>", style, value, html_both(zh, en));
  }
  void open_table(const char* zh, const char* en, const std::vector<Column>& columns, const char* style = "tight") {
    out += fmt::format("<div class='scroll {}' tabindex=0><table aria-label='{} / {}'><thead><tr>", style, zh, en);
    for (const Column& c : columns) out += fmt::format("<th{}>{}</th>", c.figure ? " class=n" : "", html_both(c.zh, c.en));
    out += "</tr></thead><tbody>";
  }
  void close_table() { out += "</tbody></table></div>"; }
  void row(const std::vector<std::string>& cells, const std::vector<Column>& columns, const std::string& anchor = "") {
    out += anchor.empty() ? "<tr>" : "<tr id=" + anchor + ">";
    for (std::size_t c = 0; c < cells.size(); ++c) out += (columns[c].figure ? "<td class=n>" : "<td>") + cells[c] + "</td>";
    out += "</tr>";
  }

  std::string family(PairFamily f) const { return found.families.size() == 1 ? html_both("全部考生对", "all pairs") : html_family(f); }

  std::size_t of_level(SuspicionLevel level) const {
    return static_cast<std::size_t>(
        std::count_if(found.candidates.begin(), found.candidates.end(), [&](const auto& c) { return c.level == level; }));
  }

  void rank_candidates() {
    for (const auto& c : found.candidates)
      if (c.level != SuspicionLevel::none) ranked.push_back(&c);
    std::stable_sort(ranked.begin(), ranked.end(),
                     [](const auto* x, const auto* y) { return x->level != y->level ? x->level > y->level : x->suspicion > y->suspicion; });
    rank.assign(found.candidates.size(), 0);
    for (std::size_t i = 0; i < ranked.size(); ++i) rank[static_cast<std::size_t>(ranked[i]->candidate)] = static_cast<int>(i) + 1;
  }

  void top() {
    const std::size_t strong = of_level(SuspicionLevel::strong), review = of_level(SuspicionLevel::review);
    out += "<header><div class=choice><label for=zh>中文</label><label for=en>English</label></div><h1>" +
           html_both("作答数据分析报告", "Answer forensics report") + "</h1>";
    paragraph("本报告指出值得人工复核之处，不认定任何人作弊。",
              "This report points at what a person should look at. It finds nobody guilty.", "dim");
    out += "<nav class=toc>";
    for (const auto& [anchor, zh, en] : {std::tuple{"tested", "检验了什么", "What was tested"},
                                         {"people", "考生", "Candidates"},
                                         {"pairs", "考生对", "Pairs"},
                                         {"seats", "座位图", "Seat map"},
                                         {"plots", "图", "Plots"},
                                         {"other", "改答案与试题", "Changes and items"},
                                         {"limits", "方法的局限", "Limits"},
                                         {"methods", "方法与出处", "Methods and sources"}})
      out += fmt::format("<a href='#{}'>{}</a>", anchor, html_both(zh, en));
    out += "</nav></header><main><div class=cards>";
    card(std::to_string(exam.candidate_count()), "考生", "candidates");
    card(std::to_string(exam.item_count()), "试题", "items");
    card(found.similarity_tested ? std::to_string(found.pair_count) : "–", "比较的考生对", "pairs compared");
    card(std::to_string(strong), "强提示（人）", "candidates: strong", "strong");
    card(std::to_string(review), "待复核（人）", "candidates: review", "review");
    card(fmt::format("≤ {:.2f}", found.expected_false_flags), "人人诚实时预计的误提示人数", "false flags expected were all honest");
    out += "</div><div class=verdict>";
    const std::string expected = fmt::format("{:.2f}", found.expected_false_flags);
    paragraph(
        fmt::format("本次有 <b>{}</b> 名考生列为“待复核”或“强”。在同样规模、人人诚实的考试中，平均至多 <b>{}</b> 人会被这样误列。因此{}",
                    strong + review, expected,
                    static_cast<double>(strong + review) <= found.expected_false_flags
                        ? "本次的提示完全可能出于偶然。"
                        : "不应把每一条提示都当作偶然，也不应把任何一条提示单独当作结论。"),
        fmt::format("<b>{}</b> candidates are at “review” or “strong”. In an exam of this size where everybody is honest, <b>{}</b> would "
                    "be so on average at most. So {}",
                    strong + review, expected,
                    static_cast<double>(strong + review) <= found.expected_false_flags
                        ? "chance alone explains the flags of this exam."
                        : "chance does not explain all the flags, and no single flag is a conclusion."));
    out += "</div>";
  }

  void ran(bool yes, const char* zh, const char* en, const char* why_zh, const char* why_en) {
    out += yes ? "<li>✓ " + html_both(zh, en) + "</li>"
               : "<li class=dim>– " + html_both(std::string(zh) + "：未做，" + why_zh, std::string(en) + ": not done, " + why_en) + "</li>";
  }

  bool has_channel(const char* name) const {
    return std::any_of(found.candidates.begin(), found.candidates.end(), [&](const auto& c) { return c.channel(name) != nullptr; });
  }

  void tested() {
    heading("tested", "检验了什么", "What was tested");
    out += "<ul style='list-style:none;padding-left:0'>";
    ran(found.similarity_tested, "答案雷同：每两名考生的答案是否比两人得分所能解释的更一致",
        "Similar answers: do any two candidates agree more than their scores explain", "考生不足 20 人", "fewer than 20 candidates");
    ran(found.nominal_used, "同上，名义反应模型（人数多时能看出共同预知试题的群体）",
        "The same under the nominal response model (in large exams it sees groups that knew items)", "考生不足 300 人",
        "fewer than 300 candidates");
    ran(!exam.seconds.empty(), "速度：答得异常快而得分不低", "Speed: unusually fast with a good score", "没有用时数据",
        "no times were given");
    ran(!exam.changes.empty(), "改答案：改动后答对的比例是否高于能力所能解释的",
        "Answer changes: do they end right more often than ability explains", "没有改答案记录", "no changes were given");
    ran(has_channel("preknowledge"), "预先知题：在指定的泄露试题上表现异常好", "Known items: unusually good on items named as leaked",
        "没有指定泄露试题", "no items were named");
    ran(has_channel("follow_lag"), "跟随作答：总在同一人之后几秒提交相同答案",
        "Following: the same answers, always seconds after the same person", "没有提交时刻", "no commit times were given");
    ran(!exam.seats.empty(), "座位与考场：邻座优先检验，考场与单位的整体模式",
        "Seats and rooms: neighbours first, patterns of rooms and institutions", "没有座位数据，全部考生对按同一类处理",
        "no seats were given; all pairs are one family");
    ran(!patterns.drift.empty(), "试题漂移：试题是否比题库记载的更容易、答得更快",
        "Item drift: did items become easier or faster than the bank says", "没有题库参数", "no bank was given");
    out += "</ul>";
    if (found.similarity_tested) {
      if (found.families.size() > 1)
        paragraph("允许的总误差按座位关系分配：坐得越近，分得越多，因为抄袭几乎总发生在邻座之间。",
                  "The error allowed is shared out by seat: the closer two candidates sat, the more their pair gets, since copying is "
                  "nearly always between neighbours.");
      else
        paragraph("全部考生对平分允许的总误差。有了座位数据，邻座之间的抄袭更容易看出。",
                  "All pairs share the error allowed equally. With seats, copying between neighbours is seen more easily.");
      const std::vector<Column> columns{{"座位关系", "family"},
                                        {"对数", "pairs", true},
                                        {"误差份额", "share of the error", true},
                                        {"校正后显著（0.05）", "significant at .05, corrected", true}};
      open_table("检验的考生对", "pairs tested", columns);
      for (const FamilySize& f : found.families) {
        const auto count = std::count_if(found.pairs.begin(), found.pairs.end(),
                                         [&](const auto& pair) { return pair.family == f.family && pair.p_adjusted <= kHolm; });
        row({family(f.family), std::to_string(f.pairs), fmt::format("{:.0f} %", 100 * f.alpha_share), std::to_string(count)}, columns);
      }
      close_table();
      if (found.institution_offset > 0)
        paragraph(fmt::format(
                      "同一单位的陌生考生之间，答案一致程度比全体平均高 {:.2f} 个标准差（同一老师、同一教材）；同单位的考生对已按此扣除。",
                      found.institution_offset),
                  fmt::format("Strangers of one institution agree {:.2f} standard deviations more than everybody (one teacher, one book); "
                              "pairs of one institution are measured against that.",
                              found.institution_offset));
    }
    if (!found.expected_by_rule.empty()) {
      out += "<h3>" + html_both("预计的误提示从何而来", "Where false flags are expected to come from") + "</h3>";
      const std::vector<Column> columns{{"规则", "rule"}, {"人人诚实时预计误列的人数", "candidates flagged were all honest", true}};
      open_table("预计的误提示", "expected false flags", columns);
      for (const RuleExpectation& r : found.expected_by_rule) row({html_rule(r.rule), fmt::format("{:.3f}", r.expected)}, columns);
      row({"<b>" + html_both("合计", "all") + "</b>", fmt::format("<b>{:.2f}</b>", found.expected_false_flags)}, columns);
      close_table();
    }
    if (!found.notes.empty()) {
      out += "<h3>" + html_both("数据中的限制与修正", "Limits of the data, and what was put right in it") + "</h3><ul>";
      for (const Wording& note : found.notes) out += "<li>" + html_both(html_escape(note.zh), html_escape(note.en)) + "</li>";
      out += "</ul>";
    }
  }

  void candidates() {
    heading("people", "考生", "Candidates");
    paragraph(fmt::format("<b>强</b>：两类不同的证据（例如答案与用时）彼此印证。<b>待复核</b>：一类证据在计入检验次数之后仍显著。<b>提示</"
                          "b>：单看不显著，只供复核时参考；仅凭偶然就会有约 {:.0f} 人。",
                          found.expected_notes),
              fmt::format(
                  "<b>Strong</b>: two different kinds of evidence (answers and times, say) agree. <b>Review</b>: one kind, significant "
                  "after paying for the number of tests. <b>Note</b>: not significant by itself, background for a review; some {:.0f} are "
                  "expected from chance alone.",
                  found.expected_notes));
    if (ranked.empty()) return paragraph("没有需要提示的考生。", "Nobody stands out.");
    const std::vector<Column> columns{{"序", "#", true},
                                      {"考生", "candidate"},
                                      {"级别", "level"},
                                      {"答对 / 作答", "right / answered", true},
                                      {"证据与概率", "evidence and its probability"}};
    open_table("受提示的考生", "candidates flagged", columns);
    for (std::size_t i = 0; i < std::min(ranked.size(), kCandidatesShown); ++i) {
      const CandidateFinding& c = *ranked[i];
      std::string evidence;
      for (const ChannelFinding& channel : c.channels)
        if (channel.p < kEvidence)
          evidence += (evidence.empty() ? "" : "<br>") + html_channel(channel.name) + " " + html_probability(channel.p) +
                      (channel.partner >= 0 ? " ↔ " + id(channel.partner) : "");
      if (evidence.empty()) evidence = html_both("见考生对", "see the pairs");
      row({std::to_string(i + 1), id(c.candidate), html_level(c.level), fmt::format("{} / {}", c.score, c.answered), evidence}, columns,
          fmt::format("c{}", c.candidate));
    }
    close_table();
    if (ranked.size() > kCandidatesShown)
      paragraph(fmt::format("另有 {} 名列于 JSON。", ranked.size() - kCandidatesShown),
                fmt::format("{} more are in the JSON.", ranked.size() - kCandidatesShown));
  }

  void pairs() {
    heading("pairs", "答案最相似的考生对", "The most similar pairs");
    if (!found.similarity_tested) return paragraph("未计算。", "Not calculated.");
    const std::vector<Column> columns{{"序", "#", true},
                                      {"考生", "candidates"},
                                      {"座位关系", "family"},
                                      {"相同 / 共答", "same / both answered", true},
                                      {"预期相同", "expected", true},
                                      {"相同的错误", "shared wrong", true},
                                      {"单对概率", "p of the pair", true},
                                      {"校正后", "corrected", true},
                                      {"", ""}};
    open_table("考生对", "pairs", columns);
    std::size_t listed = 0;
    for (const PairFinding& f : found.pairs) {
      if (listed >= kPairsRanked || (listed >= kPairsRankedAtLeast && !significant(f))) break;
      ++listed;
      const std::string names = id(f.pair.a) + " – " + id(f.pair.b);
      row({std::to_string(listed), listed <= shown_pairs() ? fmt::format("<a href='#p{}'>{}</a>", listed, names) : names, family(f.family),
           fmt::format("{} / {}", f.pair.matches, f.pair.shared), fmt::format("{:.1f}", f.pair.expected),
           std::to_string(f.pair.wrong_matches), html_probability(f.p), html_probability(f.p_adjusted),
           for_review(f)    ? "<span class='tag review'>▲ " + html_both("列入复核", "for review") + "</span>"
           : significant(f) ? "<span class='tag note'>● " + html_both("提示", "note") + "</span>"
                            : ""},
          columns);
    }
    close_table();
    paragraph(
        "以下逐对列出两人的全部答案。<b "
        "class=review>红底下划线</b>为相同的错误答案（最有分量）；深色为相同的正确答案；浅色为不同；“·”为未作答。",
        "Below, all answers of each pair. <b class=review>Red and underlined</b>: the same wrong answer (what weighs most); dark: the same "
        "right answer; light: different; “·”: not answered.");
    for (std::size_t k = 0; k < shown_pairs(); ++k) pair(found.pairs[k], k + 1);
  }

  std::size_t shown_pairs() const {
    const auto count = static_cast<std::size_t>(std::count_if(found.pairs.begin(), found.pairs.end(), significant));
    return std::min({found.pairs.size(), std::max(count, kPairsAtLeast), kPairsShown});
  }

  void pair(const PairFinding& f, std::size_t number) {
    out += fmt::format("<section class=pair id=p{}><h3>{}. {} – {} <span class=dim>{}</span></h3>", number, number, id(f.pair.a),
                       id(f.pair.b), family(f.family));
    paragraph(fmt::format("共同作答 {} 题，相同 <b>{}</b>，预期 {:.1f}；其中 <b>{}</b> 题错得一样。两名诚实考生如此一致的概率为 "
                          "{}；计入全部比较后为 {}。",
                          f.pair.shared, f.pair.matches, f.pair.expected, f.pair.wrong_matches, html_probability(f.p),
                          html_probability(f.p_adjusted)),
              fmt::format("{} items both answered, <b>{}</b> the same, {:.1f} expected; <b>{}</b> of them the same wrong answer. Two "
                          "honest candidates agree so much with probability {}; with all comparisons paid for, {}.",
                          f.pair.shared, f.pair.matches, f.pair.expected, f.pair.wrong_matches, html_probability(f.p),
                          html_probability(f.p_adjusted)));
    std::string checks = fmt::format("z {:.2f} ({}) · GBT {} · M4 {} · K2 {}", f.pair.z_scaled, f.model, html_probability(f.gbt_p),
                                     html_probability(f.m4_p), html_probability(f.k2_p));
    if (std::isfinite(f.pace_z)) checks += " · " + html_both("用时节奏 z ", "pace z ") + fmt::format("{:.2f}", f.pace_z);
    out += "<p class=dim>" + html_both("旁证：", "Cross-checks: ") + checks + "</p>" + answers_side_by_side(exam, f.pair.a, f.pair.b) +
           "</section>";
  }

  void rings() {
    if (found.rings.empty()) return;
    out += "<h3>" + html_both("三人以上彼此相连的群体", "Groups of three and more joined by significant pairs") + "</h3>";
    for (const RingFinding& ring : found.rings) {
      std::string members, items;
      for (const int i : ring.members) members += (members.empty() ? "" : ", ") + id(i);
      for (const int j : ring.shared_wrong_items)
        items += (items.empty() ? "" : ", ") + html_escape(exam.items[static_cast<std::size_t>(j)]);
      if (items.empty()) items = "–";
      out += "<section class=pair><b>" + members + "</b>";
      paragraph(
          fmt::format("{} 人，显著的考生对 {} 对。多数人错得一样的试题（泄露的答案若有错，会在此出现）：{}", ring.members.size(),
                      ring.pairs, items),
          fmt::format("{} candidates, {} significant pairs. Items most of them got wrong alike (the errors of a leaked key show here): {}",
                      ring.members.size(), ring.pairs, items));
      out += "</section>";
    }
  }

  void seats() {
    heading("seats", "座位图", "Seat map");
    if (exam.seats.empty()) return paragraph("没有座位数据。", "No seats were given.");
    std::map<std::string, std::vector<int>, decltype(&natural_less)> rooms(&natural_less);
    for (int i = 0; i < exam.candidate_count(); ++i) {
      const SeatPlace& s = exam.seats[static_cast<std::size_t>(i)];
      if (s.row > 0 && s.column > 0 && s.row <= kSeatsAcross && s.column <= kSeatsAcross && !s.room.empty())
        rooms[room_name(s)].push_back(i);
    }
    std::vector<const PairFinding*> links;
    std::vector<char> hot(exam.candidates.size(), 0);
    for (const auto& c : found.candidates) hot[static_cast<std::size_t>(c.candidate)] = c.level >= SuspicionLevel::review;
    for (const PairFinding& f : found.pairs)
      if (for_review(f)) links.push_back(&f);
    const std::size_t across = static_cast<std::size_t>(
        std::count_if(links.begin(), links.end(), [](const auto* f) { return f->family > PairFamily::same_room; }));
    paragraph(
        "方块为待复核及以上的考生，数字为其在“考生”表中的序号（可点击）；圆点为其他考生；红线连接答案显著相似的两人。指向座位可看编号。",
        "Squares are candidates at review or above, with their number in the table of candidates (to click); dots are everybody else; red "
        "lines join candidates whose answers are significantly alike. Point at a seat for its id.");
    if (across > 0)
      paragraph(fmt::format("另有 {} 对显著相似的考生不在同一考场，图中不画线。", across),
                fmt::format("{} more significant pairs are of different rooms and have no line here.", across));
    out += "<div class=rooms>";
    std::size_t drawn = 0, quiet = 0;
    for (const auto& [name, members] : rooms) {
      const bool any = std::any_of(members.begin(), members.end(), [&](int i) { return hot[static_cast<std::size_t>(i)] != 0; });
      if ((!any && rooms.size() > kRoomsAll) || drawn >= kRoomsShown) {
        ++quiet;
        continue;
      }
      ++drawn;
      out += seat_map(exam, found, name, members, links, rank);
    }
    out += "</div>";
    if (quiet > 0) paragraph(fmt::format("其余 {} 个考场没有画出。", quiet), fmt::format("{} more rooms are not drawn.", quiet), "dim");
    groups("考场", "room", found.rooms);
    groups("单位", "institution", found.institutions);
  }

  void groups(const char* zh, const char* en, const std::vector<GroupPattern>& patterns_of) {
    if (patterns_of.empty()) return;
    auto by_p = patterns_of;
    std::stable_sort(by_p.begin(), by_p.end(), [](const auto& a, const auto& b) { return a.p < b.p; });
    const std::vector<Column> columns{{zh, en},
                                      {"人数", "candidates", true},
                                      {"引人注意的对数（p &lt; 0.01）", "conspicuous pairs (p &lt; .01)", true},
                                      {"随机安排座位时的预期", "expected with seats dealt at random", true},
                                      {"p", "p", true}};
    out += "<br>";
    open_table(zh, en, columns);
    for (std::size_t i = 0; i < std::min(by_p.size(), kRowsShown); ++i)
      row({html_escape(by_p[i].group), std::to_string(by_p[i].members), std::to_string(by_p[i].inside),
           fmt::format("{:.2f}", by_p[i].expected), html_probability(by_p[i].p)},
          columns);
    close_table();
  }

  void plots() {
    const std::string speed = score_against_speed(exam, found, first_quartile_score(found.candidates)),
                      calibration = calibration_plot(found);
    heading("plots", "图", "Plots");
    if (speed.empty() && calibration.empty()) return paragraph("没有可画的数据。", "There is nothing to draw.");
    out += "<div class=plots>";
    if (!speed.empty())
      out += "<div>" + speed + "<p class=dim>" +
             html_both("浅色区域：速度超过 3.5 个标准分而得分不在末四分之一，即“又快又好”。方块：待复核及以上。",
                       "Shaded: faster than 3.5 units with a score above the lowest quarter, “fast and good”. Squares: review or above.") +
             "</p></div>";
    if (!calibration.empty())
      out += "<div>" + calibration + "<p class=dim>" +
             html_both(
                 "横轴为算出的概率，纵轴为全部考生对中实际达到它的比例。点在虚线上或其下方，说明概率可信或偏保守；右上至左下渐渐高出虚线，"
                 "可能是真有雷同，也可能是方法在本次考试偏松。",
                 "Across: the probability calculated; up: the share of all pairs that reached it. Points on or below the dashed line: the "
                 "probabilities can be trusted or err on the cautious side. Points rising above it towards the lower left: real likeness, "
                 "or a method too "
                 "liberal for this exam.") +
             "</p>" +
             (found.tail_slope > 1
                  ? "<p class=dim>" +
                        html_both(fmt::format("本次考试互不相邻的考生之间，很小的概率出现得比应有的多；所列概率已据此放大（斜率 {:.2f}）。",
                                              found.tail_slope),
                                  fmt::format("In this exam small probabilities came up too often among candidates who sat apart; those "
                                              "listed have been made larger accordingly (slope {:.2f}).",
                                              found.tail_slope)) +
                        "</p>"
                  : "") +
             "</div>";
    out += "</div>";
  }

  void other() {
    heading("other", "改答案、随意作答与试题", "Changes, rapid guessing and items");
    bool any = false;
    std::size_t low_effort = 0;
    std::string who;
    for (const auto& c : found.candidates)
      if (!exam.seconds.empty() && c.effort < kLowEffort && ++low_effort <= kRowsShown)
        who += (who.empty() ? "" : ", ") + id(c.candidate) + fmt::format(" ({:.0f} %)", 100 * c.effort);
    if (low_effort > 0) {
      any = true;
      paragraph(fmt::format("{} 名考生有一成以上的题答得太快，来不及读题（括号内为认真作答的比例）；其得分不说明水平，也不说明作弊：{}{}",
                            low_effort, who, low_effort > kRowsShown ? " ……" : ""),
                fmt::format("{} candidates answered more than a tenth of the items too fast to read them (in brackets: the share answered "
                            "with effort). Their scores say little about ability, and nothing about cheating: {}{}",
                            low_effort, who, low_effort > kRowsShown ? " …" : ""));
    }
    for (const auto& [zh, en, groups_of] :
         {std::tuple{"考场", "room", &patterns.rooms}, std::tuple{"单位", "institution", &patterns.institutions}}) {
      if (groups_of->empty()) continue;
      any = true;
      out += "<h3>" + html_both(std::string("改动后答对，按") + zh, std::string("Changes that ended right, by ") + en) + "</h3>";
      const std::vector<Column> columns{{zh, en},
                                        {"改过答案的人数", "candidates who changed", true},
                                        {"改动的题", "items changed", true},
                                        {"改后答对", "ended right", true},
                                        {"预期答对", "expected right", true},
                                        {"p", "p", true}};
      open_table(zh, en, columns);
      for (std::size_t i = 0; i < std::min(groups_of->size(), kRowsShown); ++i) {
        const GroupChanges& g = (*groups_of)[i];
        row({html_escape(g.group), std::to_string(g.candidates), std::to_string(g.erasure.changed), std::to_string(g.erasure.right),
             fmt::format("{:.1f}", g.erasure.expected), html_probability(g.erasure.p)},
            columns);
      }
      close_table();
    }
    if (!patterns.turned_right.empty()) {
      any = true;
      out += "<h3>" + html_both("改对错题最多的考生", "Candidates who turned most wrong answers right") + "</h3>";
      const std::vector<Column> columns{{"考生", "candidate"},
                                        {"改动的题", "items changed", true},
                                        {"由错改对", "from wrong to right", true},
                                        {"校正后概率", "p, corrected", true}};
      open_table("改对错题最多的考生", "wrong answers turned right", columns);
      for (std::size_t i = 0; i < std::min<std::size_t>(patterns.turned_right.size(), 10); ++i) {
        const TurnedRight& t = patterns.turned_right[i];
        if (i >= 3 && t.p > kHolm) break;
        row({id(t.candidate), std::to_string(t.changed), std::to_string(t.turned_right), html_probability(t.p)}, columns);
      }
      close_table();
    }
    if (!patterns.bursts.empty()) {
      any = true;
      out += "<h3>" + html_both("一分钟内接连改对", "Wrong answers put right within a minute") + "</h3>";
      const std::vector<Column> columns{{"考生", "candidate"},
                                        {"开考后（秒）", "seconds after the start", true},
                                        {"改动错题", "wrong answers changed", true},
                                        {"改对", "turned right", true},
                                        {"校正后概率", "p, corrected", true}};
      open_table("一分钟内接连改对", "bursts of changes", columns);
      for (std::size_t i = 0; i < std::min(patterns.bursts.size(), kRowsShown); ++i) {
        const ChangeBurst& b = patterns.bursts[i];
        row({id(b.candidate), fmt::format("{:.0f}–{:.0f}", b.from_s, b.to_s), std::to_string(b.changed), std::to_string(b.turned_right),
             html_probability(b.p)},
            columns);
      }
      close_table();
    }
    if (!patterns.drift.empty()) {
      any = true;
      out += "<h3>" + html_both("与题库相比变化最大的试题", "Items that moved most against the bank") + "</h3>";
      auto by_p = patterns.drift;
      std::stable_sort(by_p.begin(), by_p.end(), [](const auto& a, const auto& b) { return a.p < b.p; });
      const std::vector<Column> columns{{"试题", "item"},
                                        {"题库难度", "difficulty in the bank", true},
                                        {"本次难度", "in this exam", true},
                                        {"变容易 z", "easier, z", true},
                                        {"变快 z", "faster, z", true},
                                        {"校正后概率", "p, corrected", true}};
      open_table("试题漂移", "item drift", columns);
      const auto z = [](double value) { return std::isfinite(value) ? fmt::format("{:.2f}", value) : std::string("–"); };
      for (std::size_t i = 0; i < std::min<std::size_t>(by_p.size(), 10); ++i)
        row({html_escape(exam.items[static_cast<std::size_t>(by_p[i].item)]), z(by_p[i].bank_difficulty), z(by_p[i].difficulty),
             z(by_p[i].easier_z), z(by_p[i].faster_z), html_probability(by_p[i].p)},
            columns);
      close_table();
    }
    if (!any) paragraph("没有可列的内容。", "Nothing to list.", "dim");
  }

  void limits() {
    heading("limits", "方法的局限", "Limits of the method");
    out += "<ul>";
    const auto item = [&](const char* zh, const char* en) { out += "<li>" + html_both(zh, en) + "</li>"; };
    item("统计只说明作答方式不寻常，从不说明原因。答案相似可能来自抄袭、共同预知试题，也可能来自同一位老师、同一本教材或同一种误解。",
         "Statistics say that a way of answering is unusual, never why. Alike answers may come from copying or from items known "
         "beforehand, but also from one teacher, one book or one misunderstanding.");
    item("相似没有方向：本报告不说谁抄了谁。被抄的人可能毫不知情。",
         "Likeness has no direction: the report does not say who copied from whom. Whoever was copied from may know nothing of it.");
    item("没有列出的人不等于诚实。抄得少、只抄对的答案、或抄自场外的，本方法看不到；约 60 题的试卷在没有座位数据时，要抄四成以上才看得出。",
         "Not being listed is no proof of honesty. Little copying, copying of right answers only, or help from outside cannot be seen; on "
         "a test of some 60 items without seats, copying shows only from about 40 % of the items upwards.");
    item("答得又快又好可能只是水平高或题目熟。速度分布的尾部比正态分布厚，所列概率已按厚尾计算，但仍只是提示。",
         "Fast and good may simply be able or well prepared. Real speeds have heavier tails than the normal distribution; the "
         "probabilities allow for that and remain hints.");
    item("所列概率的意思是：假如此人诚实，出现这种情况的机会。它不是“此人诚实的概率”。",
         "A probability here is the chance of such a record were the candidate honest. It is not the probability that the candidate is "
         "honest.");
    item("任何级别都不应自动作废成绩。应由有权人员调阅录像、座位和日志，听取考生申辩后决定，并说明理由。",
         "No level should void a result by itself. An authorised person decides, after looking at recordings, seats and logs and hearing "
         "the candidate, and gives reasons.");
    out += "</ul>";
  }

  void methods() {
    heading("methods", "方法与出处", "Methods and sources");
    const std::vector<Column> columns{{"检验", "test"}, {"方法", "method"}, {"出处", "source"}};
    open_table("方法", "methods", columns, "");
    row({html_both("答案雷同（主检验）", "similar answers (main test)"),
         html_both("ω*：在两人得分给定的条件下比较相同答案数；Rasch 模型与各错误选项的吸引力",
                   "ω*: matches given both scores; Rasch model with the pull of each wrong option"),
         "Wesolowsky 2000; Snijders 2001"},
        columns);
    row({html_both("答案雷同（300 人以上）", "similar answers (from 300)"),
         html_both("名义反应模型下的 ω；与 ω* 取较强者，概率加倍",
                   "ω under the nominal response model; the stronger of it and ω* counts, its probability doubled"),
         "Bock 1972; Wollack 1997"},
        columns);
    row({html_both("旁证", "cross-checks"),
         html_both("GBT（精确二项混合）、M4（正确与错误分开计）、K2（不用作答模型）",
                   "GBT (exact), M4 (right and wrong apart), K2 (no answer model)"),
         "van der Linden &amp; Sotaridona 2006; Maynes 2014; Sotaridona &amp; Meijer 2002"},
        columns);
    row({html_both("速度、用时节奏", "speed, pace"),
         html_both("对数正态作答时间模型；稳健标准分，t₅ 尾部", "log-normal response times; robust scores, tail of t₅"),
         "van der Linden 2006"},
        columns);
    row({html_both("改答案", "answer changes"),
         html_both("擦改指数，连续性校正；群体形式加能力估计的方差",
                   "erasure detection index with continuity correction; for groups with the variance of the abilities"),
         "Wollack, Cohen &amp; Eckerly 2015; Sinharay 2018"},
        columns);
    row({html_both("预先知题", "known items"),
         html_both("泄露题与其余题之间的带符号似然比，作答与用时合并",
                   "signed likelihood ratio between named and other items, answers and times joined"),
         "Sinharay 2017, 2020"},
        columns);
    row({html_both("多重检验", "many tests"),
         html_both("按座位关系加权的 Holm 校正；复核名单另用错误发现率 0.05",
                   "weighted Holm over the families; for the review list a false discovery rate of .05"),
         "Holm 1979; Benjamini &amp; Hochberg 1995"},
        columns);
    row({html_both("考场与单位", "rooms and institutions"), html_both("随机重排座位 499 次", "seats dealt anew 499 times"),
         html_both("置换检验", "permutation test")},
        columns);
    close_table();
    if (found.similarity_tested)
      paragraph(fmt::format("本次考试自身的离散程度：ω* 除以 {:.3f}{}。", found.star_scale,
                            found.nominal_used ? fmt::format("，名义模型 ω 除以 {:.3f}", found.nominal_scale) : ""),
                fmt::format("Spread of this exam itself: ω* divided by {:.3f}{}.", found.star_scale,
                            found.nominal_used ? fmt::format(", nominal ω by {:.3f}", found.nominal_scale) : ""),
                "dim");
  }
};

}  // namespace

std::string html_report(const ExamData& exam, const ExamFindings& findings, const ExamPatterns& patterns, Language language) {
  Page page{exam, findings, patterns};
  const bool chinese = language == Language::chinese;
  page.out = fmt::format(
      "<!doctype html>\n<html lang={}><head><meta charset=utf-8><meta name=viewport content='width=device-width,initial-scale=1'><meta "
      "http-equiv=Content-Security-Policy content=\"default-src 'none';style-src 'unsafe-inline'\">"
      "<title>{}</title><style>{}</style></head><body><input class=pick type=radio name=language id=zh aria-label=中文{}><input class=pick "
      "type=radio name=language id=en aria-label=English{}>",
      chinese ? "zh" : "en", chinese ? "作答数据分析报告" : "Answer forensics report", kReportStyle, chinese ? " checked" : "",
      chinese ? "" : " checked");
  page.rank_candidates();
  page.top();
  page.tested();
  page.candidates();
  page.pairs();
  page.rings();
  page.seats();
  page.plots();
  page.other();
  page.limits();
  page.methods();
  return page.out + "</main></body></html>\n";
}

}  // namespace invigil
