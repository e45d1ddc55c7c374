#include "models/rules/violation_codes.h"

#include <algorithm>
#include <array>

namespace invigil {
namespace {

constexpr std::string_view kOrder33Art5 = "教育部令第33号第五条（参照） / MoE Order 33 art. 5, by analogy";
constexpr std::string_view kOrder31Art6 = "人社部令第31号第六条（参照） / MoHRSS Order 31 art. 6, by analogy";
constexpr std::string_view kOrder31Art7 = "人社部令第31号第七条（参照） / MoHRSS Order 31 art. 7, by analogy";
constexpr std::string_view kOrder31Art8 = "人社部令第31号第八条（参照） / MoHRSS Order 31 art. 8, by analogy";
constexpr std::string_view kOrder31Art11 = "人社部令第31号第十一条（参照） / MoHRSS Order 31 art. 11, by analogy";
constexpr std::string_view kOrder33Art8 = "教育部令第33号第八条（参照） / MoE Order 33 art. 8, by analogy";
constexpr std::string_view kStaffRules = "工作人员违纪处理规定（2011，参照） / staff rules of 2011, by analogy";
constexpr std::string_view kInstitutionRules = "评价机构管理办法（地方） / local rules on evaluation institutions";

constexpr auto kCodes = std::to_array<ViolationCode>({
    {"C1.1", "C1", "携带规定以外的物品进入考场", "Brought articles that are not allowed", kOrder33Art5},
    {"C1.2", "C1", "未在规定的座位参加考试", "Not in the assigned seat", kOrder33Art5},
    {"C1.3", "C1", "信号发出前答题或结束后继续答题", "Answered before the start or after the end signal", kOrder33Art5},
    {"C1.4", "C1", "旁窥、交头接耳、互打暗号或手势", "Looked at a neighbour's work, whispered or signalled", kOrder33Art5},
    {"C1.5", "C1", "扰乱考场秩序", "Disturbed the order of the room", kOrder33Art5},
    {"C1.6", "C1", "未经同意擅自离开考场", "Left the room without consent", kOrder33Art5},
    {"C1.7", "C1", "将试卷、草稿纸带出考场", "Took papers out of the room", kOrder33Art5},
    {"C1.8", "C1", "未按规定使用考试系统", "Used the examination system against its rules", kOrder31Art6},
    {"C1.9", "C1", "损坏考试系统或设施", "Damaged the system or the facilities", kOrder31Art6},
    {"C1.10", "C1", "携带通讯工具、电子用品入座经提醒不改", "Kept communication or electronic devices despite a reminder", kOrder31Art6},
    {"C2.1", "C2", "抄袭、协助抄袭", "Copied or helped copy answers", kOrder31Art7},
    {"C2.2", "C2", "使用具有发送或接收信息功能的设备", "Used a device that sends or receives information", kOrder31Art7},
    {"C2.3", "C2", "由他人冒名代替参加考试", "Sat by somebody else in the candidate's name", kOrder31Art7},
    {"C2.4", "C2", "传递、接收物品或交换答卷", "Passed or received articles, or exchanged answers", kOrder31Art7},
    {"C2.5", "C2", "夹带、查看与考试有关的资料", "Brought or consulted material on the examination", kOrder31Art7},
    {"C3.1", "C3", "串通作弊或参与有组织作弊", "Colluded or took part in organised cheating", kOrder31Art8},
    {"C3.2", "C3", "代替他人或让他人代替参加考试", "Impersonated somebody or let somebody impersonate", kOrder31Art8},
    {"C4.1", "C4", "答案雷同（须经专家组确认）", "Answers alike (an expert panel must confirm)", kOrder31Art11},
    {"C5.1", "C5", "拒绝、妨碍工作人员履行职责", "Refused or obstructed staff in their duty", kOrder33Art8},
    {"S.1", "S", "擅自提前或延长考试时间", "Changed the examination time without authority", kStaffRules},
    {"S.2", "S", "擅自调换考生座位", "Moved candidates without authority", kStaffRules},
    {"S.3", "S", "提示或暗示考生答题", "Prompted candidates", kStaffRules},
    {"S.4", "S", "未履行监考职责", "Neglected the duty to invigilate", kStaffRules},
    {"I.1", "I", "遮挡、关闭或移动监控设备", "Covered, switched off or moved monitoring equipment", kInstitutionRules},
    {"I.2", "I", "不接受或阻挠督导", "Refused or obstructed inspection", kInstitutionRules},
    {"I.3", "I", "编造、篡改考试数据", "Made up or altered examination data", kInstitutionRules},
});

}  // namespace

std::span<const ViolationCode> violation_codes() { return kCodes; }

const ViolationCode* find_violation_code(std::string_view code) {
  const auto at = std::find_if(kCodes.begin(), kCodes.end(), [&](const ViolationCode& c) { return c.code == code; });
  return at == kCodes.end() ? nullptr : &*at;
}

}  // namespace invigil
