#include "analysis/forensics/html_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "analysis/forensics/findings_json.h"

namespace invigil {
namespace {

constexpr std::size_t kPairsShown = 50, kCandidatesShown = 100, kRoomsShown = 40;

std::string escape(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') out += "&amp;";
    else if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else if (c == '"') out += "&quot;";
    else if (c == '\'') out += "&#39;";
    else out += c;
  }
  return out;
}

/// A text in both languages; the page shows one.
std::string both(const std::string& zh, const std::string& en) { return "<span class=zh lang=zh>" + zh + "</span><span class=en lang=en>" + en + "</span>"; }

std::string probability(double p) {
  if (!std::isfinite(p)) return "–";
  return p >= 0.001 ? fmt::format("{:.3f}", p) : fmt::format("{:.1e}", p);
}

std::string level_text(SuspicionLevel level) {
  switch (level) {
    case SuspicionLevel::strong: return both("强", "strong");
    case SuspicionLevel::review: return both("待复核", "review");
    case SuspicionLevel::note: return both("提示", "note");
    case SuspicionLevel::none: break;
  }
  return both("无", "none");
}

std::string family_text(PairFamily family) {
  switch (family) {
    case PairFamily::adjacent: return both("邻座", "adjacent seats");
    case PairFamily::same_room: return both("同考场", "same room");
    case PairFamily::same_institution: return both("同单位或同考点", "same institution or centre");
    case PairFamily::other: break;
  }
  return both("其他", "others");
}

std::string channel_text(const std::string& name) {
  static const std::map<std::string, std::pair<const char*, const char*>> names{
      {"similarity", {"答案雷同", "similar answers"}}, {"speed", {"答题速度", "speed"}},       {"preknowledge", {"预先知题", "known items"}},
      {"changes", {"改答案", "answer changes"}},       {"follow_lag", {"跟随作答", "follows"}}, {"rt_profile", {"用时节奏雷同", "similar pace"}}};
  const auto at = names.find(name);
  return at == names.end() ? escape(name) : both(at->second.first, at->second.second);
}

constexpr const char* kHead = R"(<!doctype html>
<html lang="zh"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>Invigil</title><style>
:root{--ink:#1c2330;--dim:#667085;--line:#e2e6ec;--soft:#f5f7fa;--strong:#b42318;--review:#b54708;--note:#1f5fa8}
*{box-sizing:border-box}body{font:15px/1.55 system-ui,"Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif;color:var(--ink);margin:0 auto;max-width:1080px;padding:32px 24px}
body.cn .en,body.english .zh{display:none}h1{font-size:26px;margin:0 0 4px}h2{font-size:19px;margin:36px 0 10px;padding-bottom:6px;border-bottom:1px solid var(--line)}
p{max-width:75ch}.dim{color:var(--dim)}button{float:right;font:inherit;padding:4px 14px;border:1px solid var(--line);border-radius:6px;background:#fff;cursor:pointer}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(170px,1fr));gap:12px;margin:20px 0}.card{background:var(--soft);border-radius:8px;padding:12px 16px}
.card b{display:block;font-size:24px;font-variant-numeric:tabular-nums}.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:6px 10px;border-bottom:1px solid var(--line);white-space:nowrap}th{font-weight:600;color:var(--dim);font-size:13px}td.n,th.n{text-align:right}
.strong{color:var(--strong);font-weight:600}.review{color:var(--review);font-weight:600}.note{color:var(--note)}
.pair{border:1px solid var(--line);border-radius:8px;padding:14px 16px;margin:12px 0;break-inside:avoid}.pair h3{margin:0 0 6px;font-size:16px}
.answers{font:13px/1.5 ui-monospace,Consolas,monospace;white-space:pre;overflow-x:auto;padding:8px 0}.answers i{font-style:normal;color:#98a2b3}.answers b{background:#fee4e2;color:var(--strong)}.answers u{text-decoration:none;color:var(--ink)}
svg{max-width:100%;height:auto;background:#fff}svg text{font:12px system-ui,"Noto Sans CJK SC",sans-serif;fill:var(--dim)}.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(420px,1fr));gap:24px}
.rooms{display:flex;flex-wrap:wrap;gap:20px}@media print{button{display:none}}
</style></head><body class="cn">
)";

struct Page {
  const ExamData& exam;
  const ExamFindings& found;
  std::string out = kHead;

  std::string id(int i) const { return escape(exam.candidates[static_cast<std::size_t>(i)]); }
  void heading(const char* zh, const char* en) { out += "<h2>" + both(zh, en) + "</h2>"; }
  void paragraph(const std::string& zh, const std::string& en) { out += "<p>" + both(zh, en) + "</p>"; }
  void card(const std::string& value, const char* zh, const char* en, const char* style = "") { out += fmt::format("<div class=card><b class='{}'>{}</b>{}</div>", style, value, both(zh, en)); }

  void top() {
    out += "<button onclick=\"document.body.className=document.body.className==='cn'?'english':'cn'\">中文 / English</button><h1>" + both("作答数据分析报告", "Answer forensics report") + "</h1>";
    out += "<p class=dim>" + both("本报告只提示值得人工复核之处，不构成作弊认定。", "This report points at what a person should look at. It decides nothing about anybody.") + "</p><div class=cards>";
    const auto level = [&](SuspicionLevel l) { return std::to_string(std::count_if(found.candidates.begin(), found.candidates.end(), [&](const auto& c) { return c.level == l; })); };
    card(std::to_string(exam.candidate_count()), "考生", "candidates");
    card(std::to_string(exam.item_count()), "试题", "items");
    card(level(SuspicionLevel::strong), "强提示", "strong", "strong");
    card(level(SuspicionLevel::review), "待复核", "review", "review");
    card(fmt::format("≤ {:.2f}", found.expected_false_flags), "即使全体诚实也会误提示的人数（待复核及以上，上界估计）", "false flags to expect at review and above, were everybody honest (upper estimate)");
    out += "</div>";
  }

  void tested() {
    heading("检验了什么", "What was tested");
    if (found.similarity_tested)
      paragraph(fmt::format("比较了全部 {} 对考生的答案。两名考生的得分已知时，他们会有多少题答得一样，由题目难度和各错误选项的吸引力算出；超出越多越可疑。{}", found.pair_count,
                            found.nominal_used ? "考生不少于 300 人，因此同时使用名义反应模型，取两者中证据较强者，并为此把概率加倍。" : ""),
                fmt::format("All {} pairs of candidates were compared. Given two scores, the difficulty of the items and the pull of each wrong option say how many answers should be the same; the excess is the evidence.{}",
                            found.pair_count, found.nominal_used ? " With 300 candidates or more the nominal response model is used as well; the stronger evidence counts and its probability is doubled for having had two chances." : ""));
    out += "<div class=scroll><table><tr><th>" + both("座位关系", "Family") + "</th><th class=n>" + both("对数", "Pairs") + "</th><th class=n>" + both("分得的误差份额", "Share of the error allowed") + "</th></tr>";
    for (const FamilySize& f : found.families) out += fmt::format("<tr><td>{}</td><td class=n>{}</td><td class=n>{:.0f} %</td></tr>", family_text(f.family), f.pairs, 100 * f.alpha_share);
    out += "</table></div>";
    for (const std::string& note : found.notes) out += "<p class=dim>" + escape(note) + "</p>";
  }

  void candidates() {
    heading("考生", "Candidates");
    std::vector<const CandidateFinding*> ranked;
    for (const auto& c : found.candidates)
      if (c.level != SuspicionLevel::none) ranked.push_back(&c);
    std::stable_sort(ranked.begin(), ranked.end(), [](const auto* x, const auto* y) { return x->level != y->level ? x->level > y->level : x->suspicion > y->suspicion; });
    if (ranked.empty()) return paragraph("没有需要提示的考生。", "Nobody stands out.");
    out += "<div class=scroll><table><tr><th>" + both("考生", "Candidate") + "</th><th>" + both("级别", "Level") + "</th><th class=n>" + both("得分", "Score") + "</th><th>" + both("证据（校正后概率）", "Evidence (corrected probability)") + "</th></tr>";
    for (std::size_t i = 0; i < std::min(ranked.size(), kCandidatesShown); ++i) {
      const CandidateFinding& c = *ranked[i];
      std::string evidence;
      for (const ChannelFinding& channel : c.channels)
        if (channel.p < 0.01) evidence += fmt::format("{}{} {}{}", evidence.empty() ? "" : " · ", channel_text(channel.name), probability(channel.p), channel.partner >= 0 ? " (" + id(channel.partner) + ")" : "");
      if (evidence.empty()) evidence = both("见成对结果", "see the pairs");
      out += fmt::format("<tr><td>{}</td><td class={}>{}</td><td class=n>{} / {}</td><td>{}</td></tr>", id(c.candidate), name_of(c.level), level_text(c.level), c.score, c.answered, evidence);
    }
    out += "</table></div>";
    if (ranked.size() > kCandidatesShown) paragraph(fmt::format("另有 {} 名列于 JSON。", ranked.size() - kCandidatesShown), fmt::format("{} more are in the JSON.", ranked.size() - kCandidatesShown));
  }

  /// One row of answers; `mark` says for each item: 2 shared wrong, 1 same, 0 different.
  std::string answers(int who, int with) const {
    std::string line;
    for (std::size_t j = 0; j < exam.items.size(); ++j) {
      const std::int8_t mine = exam.row(who)[j], theirs = exam.row(with)[j];
      const std::string label = mine == kNoAnswer ? "·" : escape(exam.options[j][static_cast<std::size_t>(mine)]);
      const bool same = mine != kNoAnswer && mine == theirs;
      line += same && mine != exam.key[j] ? "<b>" + label + "</b>" : same ? "<u>" + label + "</u>" : "<i>" + label + "</i>";
      if (j % 10 == 9) line += ' ';
    }
    return line;
  }

  void pairs() {
    if (!found.similarity_tested) return;
    heading("答案最相似的考生对", "The most similar pairs");
    out += "<p>" + both("两行为两人的全部答案，每十题一组。<b class=strong>红底</b>：相同的错误答案；深色：相同的正确答案；灰色：不同；点：未作答。",
                        "Two rows: all answers of the two, in tens. <b class=strong>Red</b>: the same wrong answer; dark: the same right answer; grey: different; dot: not answered.") + "</p>";
    std::size_t shown = 0;
    for (const PairFinding& f : found.pairs) {
      const bool significant = f.p_adjusted <= 0.05 || f.q <= 0.05;
      if (shown >= kPairsShown || (!significant && shown >= 5)) break;
      ++shown;
      const std::size_t width = std::max(exam.candidates[static_cast<std::size_t>(f.pair.a)].size(), exam.candidates[static_cast<std::size_t>(f.pair.b)].size());
      const auto pad = [&](int i) { return std::string(width - exam.candidates[static_cast<std::size_t>(i)].size() + 2, ' '); };
      out += fmt::format("<div class=pair><h3>{} – {} <span class=dim>{}</span></h3>", id(f.pair.a), id(f.pair.b), family_text(f.family));
      out += both(fmt::format("共同作答 {} 题，相同 {}，预期 {:.1f}，其中相同的错误答案 {}。单对概率 {}，对全部对数校正后 {}。", f.pair.shared, f.pair.matches, f.pair.expected, f.pair.wrong_matches, probability(f.p), probability(f.p_adjusted)),
                  fmt::format("{} items both answered, {} the same, {:.1f} expected; {} of them the same wrong answer. Probability of this pair {}, corrected for all pairs {}.", f.pair.shared, f.pair.matches, f.pair.expected, f.pair.wrong_matches,
                              probability(f.p), probability(f.p_adjusted)));
      if (significant) out += " <span class=review>" + both("列入复核", "for review") + "</span>";
      out += fmt::format("<br><span class=dim>{} GBT {} · M4 {} · K2 {}</span>", both("旁证：", "Cross-checks:"), probability(f.gbt_p), probability(f.m4_p), probability(f.k2_p));
      out += "<div class=answers>" + id(f.pair.a) + pad(f.pair.a) + answers(f.pair.a, f.pair.b) + "\n" + id(f.pair.b) + pad(f.pair.b) + answers(f.pair.b, f.pair.a) + "</div></div>";
    }
  }

  void rings() {
    if (found.rings.empty()) return;
    heading("团伙（三人以上彼此相连）", "Rings (three and more joined)");
    for (const RingFinding& ring : found.rings) {
      std::string members, items;
      for (const int i : ring.members) members += (members.empty() ? "" : ", ") + id(i);
      for (const int j : ring.shared_wrong_items) items += (items.empty() ? "" : ", ") + escape(exam.items[static_cast<std::size_t>(j)]);
      out += "<div class=pair>" + members + "<br><span class=dim>" + both(fmt::format("显著对数 {}；多数人错得相同的题：", ring.pairs), fmt::format("{} significant pairs; items most got wrong alike: ", ring.pairs)) + (items.empty() ? "–" : items) + "</span></div>";
    }
  }

  void seats() {
    if (exam.seats.empty()) return;
    std::map<std::string, std::vector<int>> rooms;
    for (int i = 0; i < exam.candidate_count(); ++i) {
      const SeatPlace& s = exam.seats[static_cast<std::size_t>(i)];
      if (s.row > 0 && s.column > 0 && s.row <= 60 && s.column <= 60) rooms[(s.centre.empty() ? s.institution : s.centre) + " / " + s.room].push_back(i);
    }
    std::map<int, bool> flagged;
    std::vector<const PairFinding*> links;
    for (const PairFinding& f : found.pairs)
      if (f.p_adjusted <= 0.05 || f.q <= 0.05) links.push_back(&f), flagged[f.pair.a] = flagged[f.pair.b] = true;
    heading("座位图", "Seat map");
    paragraph("红线连接答案显著相似的两人；红点为待复核及以上的考生。", "Red lines join candidates whose answers are significantly alike; red seats are at review or above.");
    out += "<div class=rooms>";
    std::size_t shown = 0;
    for (const auto& [name, members] : rooms) {
      const bool any = std::any_of(members.begin(), members.end(), [&](int i) { return flagged[i] || found.candidates[static_cast<std::size_t>(i)].level >= SuspicionLevel::review; });
      if (!any && rooms.size() > 6) continue;
      if (++shown > kRoomsShown) break;
      int rows = 1, columns = 1;
      for (const int i : members) rows = std::max(rows, exam.seats[static_cast<std::size_t>(i)].row), columns = std::max(columns, exam.seats[static_cast<std::size_t>(i)].column);
      const auto x = [&](int i) { return exam.seats[static_cast<std::size_t>(i)].column * 34 - 10; };
      const auto y = [&](int i) { return exam.seats[static_cast<std::size_t>(i)].row * 34 - 10; };
      out += fmt::format("<figure style='margin:0'><figcaption>{}</figcaption><svg width={} height={}>", escape(name), columns * 34 + 14, rows * 34 + 14);
      for (const PairFinding* f : links)
        if (std::count(members.begin(), members.end(), f->pair.a) && std::count(members.begin(), members.end(), f->pair.b))
          out += fmt::format("<line x1={} y1={} x2={} y2={} stroke=#b42318 stroke-width=3 />", x(f->pair.a), y(f->pair.a), x(f->pair.b), y(f->pair.b));
      for (const int i : members) {
        const bool red = found.candidates[static_cast<std::size_t>(i)].level >= SuspicionLevel::review;
        out += fmt::format("<circle cx={} cy={} r=9 fill={} stroke=#98a2b3><title>{}</title></circle>", x(i), y(i), red ? "#f04438" : "#eef1f5", id(i));
      }
      out += "</svg></figure>";
    }
    out += "</div>";
    out += "<div class=scroll><table><tr><th>" + both("考场", "Room") + "</th><th class=n>" + both("人数", "Candidates") + "</th><th class=n>" + both("显眼的对数", "Conspicuous pairs") + "</th><th class=n>" + both("打乱座位后的预期", "Expected when shuffled") + "</th><th class=n>p</th></tr>";
    auto rooms_by_p = found.rooms;
    std::stable_sort(rooms_by_p.begin(), rooms_by_p.end(), [](const auto& a, const auto& b) { return a.p < b.p; });
    for (std::size_t i = 0; i < std::min<std::size_t>(rooms_by_p.size(), 15); ++i)
      out += fmt::format("<tr><td>{}</td><td class=n>{}</td><td class=n>{}</td><td class=n>{:.2f}</td><td class=n>{}</td></tr>", escape(rooms_by_p[i].group), rooms_by_p[i].members, rooms_by_p[i].inside, rooms_by_p[i].expected, probability(rooms_by_p[i].p));
    out += "</table></div>";
  }

  void frame(const std::string& across, const std::string& up) {
    out += "<svg viewBox='0 0 460 320' width=460><rect x=50 y=14 width=396 height=260 fill=none stroke=#e2e6ec />";
    out += fmt::format("<text x=248 y=308 text-anchor=middle>{}</text><text transform='translate(14 144) rotate(-90)' text-anchor=middle>{}</text>", across, up);
  }

  void plots() {
    heading("图", "Plots");
    out += "<div class=plots>";
    if (!exam.seconds.empty()) {
      out += "<div><b>" + both("得分与速度：右上角又快又好", "Score against speed: fast and good is upper right") + "</b>";
      frame("speed z 速度", "score 得分");
      double low = -4, high = 4;
      for (const auto& c : found.candidates)
        if (const auto* s = c.channel("speed")) low = std::min(low, s->z), high = std::max(high, s->z);
      low = std::max(low, -10.0), high = std::min(high, 15.0);
      const auto x = [&](double z) { return 50 + 396 * (std::clamp(z, low, high) - low) / (high - low); };
      for (int z = static_cast<int>(low); z <= static_cast<int>(high); z += 2) out += fmt::format("<text x={:.0f} y=290 text-anchor=middle>{}</text>", x(z), z);
      for (int part = 0; part <= 4; ++part) out += fmt::format("<text x=44 y={} text-anchor=end>{}</text>", 278 - 65 * part, exam.item_count() * part / 4);
      out += fmt::format("<line x1={0:.1f} x2={0:.1f} y1=14 y2=274 stroke=#b54708 stroke-dasharray='4 4' />", x(3.5));
      for (const auto& c : found.candidates)
        if (const auto* s = c.channel("speed"))
          out += fmt::format("<circle cx={:.1f} cy={:.1f} r=3 fill={} fill-opacity=.7><title>{}</title></circle>", x(s->z), 274 - 260.0 * c.score / exam.item_count(), c.level >= SuspicionLevel::review ? "#d92d20" : "#5a7fb5", id(c.candidate));
      out += "</svg></div>";
    }
    if (!found.calibration.empty()) {
      out += "<div><b>" + both("校准：各概率水平上实际出现的比例（在虚线上即准确）", "Calibration: observed share at each probability (on the dashed line = accurate)") + "</b>";
      frame("nominal p 名义概率", "observed 实际比例");
      const auto at = [](double p) { return std::clamp((std::log10(std::max(p, 1e-5)) + 5) / 5, 0.0, 1.0); };
      for (int e = -5; e <= 0; ++e) {
        const double share = (e + 5) / 5.0;
        out += fmt::format("<text x={:.0f} y=290 text-anchor=middle>1e{}</text><text x=44 y={:.0f} text-anchor=end>1e{}</text>", 50 + 396 * share, e, 278 - 260 * share, e);
      }
      out += "<line x1=50 y1=274 x2=446 y2=14 stroke=#98a2b3 stroke-dasharray='4 4' />";
      for (const auto& c : found.calibration) out += fmt::format("<circle cx={:.1f} cy={:.1f} r=4 fill=#1f5fa8><title>{} → {}</title></circle>", 50 + 396 * at(c.nominal), 274 - 260 * at(c.observed), c.nominal, c.observed);
      out += "</svg></div>";
    }
    out += "</div>";
  }

  void limits() {
    heading("方法的局限", "Limits of the method");
    paragraph("统计结果说明作答方式不寻常，不说明原因。答案相似可能来自抄袭、共同预知试题，也可能来自同一位老师、同一本教材；因此同单位的考生以本单位互不相邻者为比较基准。",
              "Statistics say that a way of answering is unusual, never why. Alike answers may come from copying or from shared knowledge of the items, but also from one teacher or one book; candidates of one institution are therefore measured against strangers of the same institution.");
    paragraph("短卷（约 60 题）在没有座位信息时，只有抄袭约四成以上才看得出；没有列出的人不等于没有作弊。抄得少、抄正确答案而不抄错误答案的，本方法看不到。",
              "On a short test (about 60 items) without seats, copying shows only from some 40 % of the items upwards. Not being listed is no proof of honesty: little copying, or copying of right answers only, cannot be seen.");
    paragraph("答题又快又好可能只是水平高。速度分布的尾部比正态厚，所列概率已按厚尾（t 分布，5 个自由度）计算。",
              "Fast and good may simply be able. Real speeds have heavier tails than the normal distribution; the probabilities quoted use Student's t with 5 degrees of freedom.");
    paragraph("“强”要求两类不同的证据，或一对压倒性且被三种不同算法证实的雷同。任何级别都不应自动作废成绩：应由有权人员调阅录像、座位和日志后决定，并给考生申辩的机会。",
              "“Strong” needs two different kinds of evidence, or an overwhelming pair that three different calculations confirm. No level should void a result by itself: an authorised person should look at the recordings, seats and logs, and hear the candidate.");
  }
};

}  // namespace

std::string html_report(const ExamData& exam, const ExamFindings& findings) {
  Page page{exam, findings};
  page.top();
  page.tested();
  page.candidates();
  page.pairs();
  page.rings();
  page.seats();
  page.plots();
  page.limits();
  return page.out + "</body></html>\n";
}

}  // namespace invigil
