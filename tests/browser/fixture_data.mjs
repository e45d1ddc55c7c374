// A small world in the shapes of console/openapi.yaml: two centres, five sessions, one flag of every kind.
import { makeAnswers, seats as answerSeats, untested, watched } from "./fixture_answers.mjs";
import { HEADS, REEL_SECONDS } from "./fixture_media.mjs";

const S = 1_000_000;
const hash = (n) => n.toString(16).padStart(8, "0").repeat(8);
let serial = 1;
export const recordPlace = (stream, seq = serial++) => ({ stream, seq, hash: hash(seq * 2654435761 % 4294967295), position: seq });

const KINDS = [
  ["event_conflict", 0.9, 40, "A-03", "", { client_seq: 41, claims: 1, score: 1 }, ["C1.8", "I.3"], 2],
  ["second_person", 0.85, 15, "A-05", "", { persons: 2, second_score: 0.81, duration_s: 7.4, claims: 1, score: 0.81 }, ["C2.4", "C2.1"], 7.4],
  ["covered", 0.8, 20, "", "cam1", { flat_share: 0.41, edge_disappearance: 0.52, duration_s: 9, claims: 1, score: 0.41 }, ["I.1"], 9],
  ["screen_room_disagree", 0.8, 30, "A-02", "", { answers: 3, empty_s: 18.2, claims: 1, score: 0.8 }, ["C2.3"], 16],
  ["head_turned", 0.6, 12, "A-04", "", { yaw_change_deg: 38.4, usual_yaw_deg: -3.1, pitch_deg: 4.2, duration_s: 2.6, face_px: 62, samples: 12, claims: 3, score: 0.72 }, ["C1.4", "C2.1"], 2.6],
  ["focus_lost_then_answer", 0.55, 20, "A-01", "", { away_s: 12.4, answer_after_s: 2.1, claims: 1, score: 0.66 }, ["C1.8", "C2.5"], 14.5],
  ["paste", 0.55, 15, "A-06", "", { chars: 184, focus_lost_before_s: 6.3, claims: 1, score: 0.7 }, ["C1.8"], 0],
  ["signal_lost", 0.7, 10, "", "cam2", { silence_s: 21, camera_state: 3, claims: 1, score: 1 }, ["I.1"], 21],
  ["frozen", 0.6, 15, "", "cam1", { difference: 0, duration_s: 6, claims: 1, score: 1 }, ["I.1"], 6],
  ["dark", 0.5, 10, "", "cam1", { mean: 18.3, flat_share: 0.96, duration_s: 6, claims: 1, score: 0.7 }, ["I.1"], 6],
  ["moved", 0.5, 20, "", "cam1", { shift_px: 16.5, shift_response: 0.62, edge_disappearance: 0.44, zncc: 0.55, duration_s: 12, claims: 1, score: 0.62 }, ["I.1"], 12],
  ["seat_empty", 0.45, 15, "A-02", "", { duration_s: 31, by_persons: 1, claims: 1, score: 1 }, ["C1.6"], 31],
  ["answer_burst", 0.45, 25, "A-03", "", { answers: 7, span_s: 9.2, seconds_per_answer: 1.31, claims: 1, score: 0.7 }, ["C2.5"], 9.2],
  ["silent_seat", 0.35, 20, "A-06", "", { silent_s: 24, claims: 1, score: 0.5 }, ["C1.8"], 24],
  ["event_gap", 0.3, 20, "A-05", "", { missing: 4, from_seq: 77, to_seq: 80, claims: 1, score: 0.3 }, ["I.3"], 0],
];

export const CODES = [
  ["C1.4", "旁窥、交头接耳、互打暗号或手势", "Looked at a neighbour's work, whispered or signalled"],
  ["C1.6", "未经同意擅自离开考场", "Left the room without consent"],
  ["C1.8", "未按规定使用考试系统", "Used the examination system against its rules"],
  ["C2.1", "抄袭、协助抄袭", "Copied or helped copy answers"],
  ["C2.3", "由他人冒名代替参加考试", "Sat by somebody else in the candidate's name"],
  ["C2.4", "传递、接收物品或交换答卷", "Passed or received articles, or exchanged answers"],
  ["C2.5", "夹带、查看与考试有关的资料", "Brought or consulted material on the examination"],
  ["I.1", "遮挡、关闭或移动监控设备", "Covered, switched off or moved monitoring equipment"],
  ["I.3", "编造、篡改考试数据", "Made up or altered examination data"],
].map(([code, zh, en]) => ({ code, group: code.split(".")[0], zh, en, basis: "人社部令第31号第七条（参照） / MoHRSS Order 31 art. 7, by analogy" }));

const counts = (list) => ({
  open: list.filter((i) => i.state === "open").length,
  confirmed: list.filter((i) => i.state === "confirmed").length,
  dismissed: list.filter((i) => i.state === "dismissed").length,
  escalated: list.filter((i) => i.state === "escalated").length,
});
const band = (severity) => (severity >= 0.7 ? "high" : severity >= 0.4 ? "medium" : "low");

const EMPLOYER = { id: "inst-1", name: "淮南矿业职业技能评价中心", kind: "employer" };
const SCHOOL = { id: "inst-2", name: "淮南职业技术学院", kind: "school" };
const CENTRES = { c1: { id: "c1", name: "谢家集考点" }, c2: { id: "c2", name: "山南新区考点" } };
const camera = (id, name, gaps = [], state = "opened") => ({ id, name, status: { state, at_us: 0, width: 1280, height: 720 }, coverage: null, gaps });

function room(id, name, cameras) {
  return {
    id,
    name,
    cameras,
    seats: HEADS.map(([x, y], i) => ({
      id: `A-0${i + 1}`,
      row: i < 3 ? 2 : 1,
      column: (i % 3) + 1,
      polygons: [{ camera: cameras[0].id, points: [[x - 0.12, y - 0.14], [x + 0.12, y - 0.14], [x + 0.14, y + 0.24], [x - 0.14, y + 0.24]] }],
      assignments: [{ candidate: `k-${100 + i}`, name: ["陈立", "王芳", "赵敏", "孙浩", "周洋", "吴静"][i], from_us: 0, to_us: 0 }],
      incidents: { open: 0, confirmed: 0, dismissed: 0, escalated: 0 },
      test_events: 40,
    })),
  };
}

/** A big room: seats in rows, no polygons. */
function hall(id, name, cameras) {
  const seats = answerSeats.map((s) => ({ id: s.id, row: s.row, column: s.column, polygons: [], assignments: [{ candidate: s.candidate, name: s.name, from_us: 0, to_us: 0 }], incidents: place({}), test_events: 60 }));
  return { id, name, cameras, seats };
}

/** Everything the fixture server knows; `now` in µs is the moment it was made. */
export function makeWorld(now) {
  const opened = now - 300 * S;
  const gap = { from_us: opened + 150 * S, to_us: opened + 171 * S, cause: "stalled" };
  const rooms = {
    r1: room("r1", "第一考场", [camera("cam1", "一号机"), camera("cam2", "二号机", [gap])]),
    r2: room("r2", "第二考场", [camera("cam3", "三号机")]),
    r3: room("r3", "实训楼 302", [camera("cam4", "后墙机", [], "disconnected")]),
    r5: hall("r5", "机考中心", [camera("cam5", "前墙机"), camera("cam6", "后墙机")]),
  };
  const base = (id, title, occupation, level, state, start, end, institution, centre, roomIds) => ({
    id, title, occupation, level, state, starts_us: start, ends_us: end, opened_us: state === "planned" ? null : start, closed_us: state === "closed" ? end : null,
    institution, centre, rooms: roomIds.map((r) => rooms[r]), seats: roomIds.reduce((n, r) => n + rooms[r].seats.length, 0), candidates: roomIds.reduce((n, r) => n + rooms[r].seats.length, 0), cameras: roomIds.reduce((n, r) => n + rooms[r].cameras.length, 0),
    test_events: state === "planned" ? 0 : 240 * roomIds.length, roster: [], staff: [], rights: [],
  });
  const sessions = [
    base("s1", "2026年第四批电工理论考试（上午场）", "电工", "senior", "open", opened, now + 5400 * S, EMPLOYER, CENTRES.c1, ["r1", "r2"]),
    base("s2", "维修电工技能机考", "维修电工", "technician", "open", opened, now + 3600 * S, SCHOOL, CENTRES.c2, ["r3"]),
    base("s3", "焊工理论考试", "焊工", "intermediate", "closed", now - 90_000 * S, now - 84_600 * S, EMPLOYER, CENTRES.c1, ["r1"]),
    base("s4", "育婴员理论考试", "育婴员", "junior", "planned", now + 86_400 * S, now + 91_800 * S, SCHOOL, CENTRES.c2, ["r3"]),
    base("s5", "网络与信息安全管理员理论考试", "网络与信息安全管理员", "senior", "closed", now - 7200 * S, now - 4200 * S, SCHOOL, CENTRES.c2, ["r5"]),
  ];
  const incidents = KINDS.map(([kind, severity, seconds, seat, cam, figures, rules, length], i) => {
    const from = opened + (20 + i * 17) * S;
    return {
      id: `i-${kind}`, kind, severity, band: band(severity), state: "open", session: { id: "s1", title: sessions[0].title }, centre: CENTRES.c1, room: { id: "r1", name: "第一考场" },
      seats: seat ? [seat] : [], cameras: cam ? [cam] : [], from_us: from, to_us: from + length * S, at_us: from + length * S,
      worth: Number(((severity * 0.5 * 1.5) / (Math.max(seconds, 5) / 60)).toFixed(3)), review_seconds: seconds,
      explanation: { key: kind, parameters: { angle_deg: "25", samples: "3", ...(seat ? { seat } : {}) }, figures },
      error_rate: kind === "head_turned" ? { measured: true, false_per_seat_hour: 0.21, source: "exam-clips/1" } : { measured: false },
      rule_candidates: rules, detector: kind, detector_version: "1", withdrawn: false, supersedes: null, superseded_by: null, last_opinion: null, record: recordPlace("analysis/c1/r1/1"),
    };
  });
  incidents.push({ ...incidents[8], id: "i-other", session: { id: "s2", title: sessions[1].title }, centre: CENTRES.c2, room: { id: "r3", name: "实训楼 302" }, kind: "signal_lost", cameras: ["cam4"], severity: 0.7, band: "high", explanation: { key: "signal_lost", parameters: {}, figures: { silence_s: 40, camera_state: 6, claims: 1, score: 1 } } });
  const exam = makeAnswers(now - 7200 * S, now - 4200 * S, "r5");
  const found = similar(exam.report, sessions[4], now - 7200 * S, now - 4200 * S);
  const also = (id, kind, seats, parameters, figures) => ({ ...found, id, kind, seats, severity: 0.45, explanation: { key: kind, parameters, figures }, record: recordPlace("analysis/c2/r5/1") });
  incidents.push(
    found,
    also("i-fast", "fast_and_good", ["B-05"], { candidate: "k-304", level: "review" }, { right: 41, answered: 60, z: 3.6, p: 0.00042, expected_false_flags: 0.034 }),
    also("i-ring", "answer_ring", ["B-09", "B-10", "B-15"], { level: "review" }, { members: 3, pairs: 2, shared_wrong_items: 2, p_adjusted: 0.002, expected_false_flags: 0.034 }),
  );
  exam.report.people.find((p) => p.candidate === "k-304").incidents.push("i-fast");
  exam.report.rings.push({ candidates: ["k-308", "k-309", "k-314"], pairs: 2, shared_wrong_items: ["T2", "T3"], incident: "i-ring" });
  const forensics = {
    s1: { ...untested(12, null), state: "watch", watch: [watched("s1", "r1", now)] },
    s3: untested(6, now - 84_500 * S),
    s5: exam.report,
  };
  return { now, opened, sessions, rooms, incidents, opinions: [], forensics, exam };
}

/** The flag made of the most alike pair. */
function similar(report, session, from, to) {
  const pair = report.pairs[0];
  const seat = (id) => answerSeats.find((s) => s.candidate === id).id;
  const { matches, expected, shared_wrong, shared_items, z, p, p_adjusted, q } = pair;
  const figures = { matches, expected, shared_wrong, shared_items, family_pairs: report.families[0].pairs, expected_false_flags: report.expected_false_flags, z, p, p_adjusted, q };
  return {
    id: "i-similar", kind: "similar_answers", severity: 0.6, band: band(0.6), state: "open", session: { id: session.id, title: session.title }, centre: session.centre, room: { id: "r5", name: "机考中心" },
    seats: [seat(pair.a), seat(pair.b)], cameras: [], from_us: from, to_us: to, at_us: to + 4 * S, worth: 0.2, review_seconds: 180,
    explanation: { key: "similar_answers", parameters: { a: pair.a, b: pair.b, family: pair.family, level: pair.level, model: pair.model }, figures },
    error_rate: { measured: false }, rule_candidates: ["C2.1", "C1.4"], detector: "answer_forensics", detector_version: "1", withdrawn: false, supersedes: null, superseded_by: null, last_opinion: null, record: recordPlace("analysis/c2/r5/1"),
  };
}

const share = (s) => (s.state === "planned" ? null : s.id === "s2" ? 0.62 : s.id === "s3" || s.id === "s5" ? 1 : 0.978);
export function summary(world, s) {
  const mine = world.incidents.filter((i) => i.session.id === s.id);
  const live = mine.filter((i) => i.state === "open" || i.state === "escalated");
  const due = s.state === "planned" ? 0 : 300 * S * s.cameras;
  const gaps = s.id === "s1" ? 1 : s.id === "s2" ? 2 : 0;
  return {
    ...s, rooms: s.rooms.map(({ id, name }) => ({ id, name })), incidents: counts(mine), max_severity: live.length ? Math.max(...live.map((i) => i.severity)) : null,
    coverage: { scheduled_us: due, recorded_us: Math.round(due * (share(s) ?? 0)), share: share(s), gap_count: gaps },
  };
}
export function whole(world, s) {
  const rooms = s.rooms.map((r) => ({ ...r, cameras: r.cameras.map((c) => ({ ...c, coverage: summary(world, s).coverage, gaps: s.id === "s2" ? [{ from_us: world.opened + 60 * S, to_us: world.opened + 90 * S, cause: "disconnected" }, { from_us: world.opened + 200 * S, to_us: world.now, cause: "agent_away" }] : s.id === "s1" ? c.gaps : [] })) }));
  return { ...summary(world, s), rooms };
}
export const place = (a) => ({ open: 0, confirmed: 0, dismissed: 0, escalated: 0, ...a });
export const queueCounts = (world) => counts(world.incidents);

const RANK = { high: 0, medium: 1, low: 2 };
export const byWorth = (a, b) => RANK[a.band] - RANK[b.band] || b.worth - a.worth || a.from_us - b.from_us;

export function wall(world) {
  const rows = [["c1", "r1", "s1"], ["c1", "r2", "s1"], ["c2", "r3", "s2"]].map(([c, r, sid]) => {
    const mine = world.incidents.filter((i) => i.room.id === r && i.session.id === sid);
    const open = mine.filter((i) => i.state === "open");
    const s = world.sessions.find((x) => x.id === sid);
    return {
      centre: CENTRES[c], room: { id: r, name: world.rooms[r].name }, session: { id: sid, title: s.title, state: s.state },
      cameras: world.rooms[r].cameras.map((k) => ({ id: k.id, name: k.name, key: `${c}/${r}/${k.id}`, status: { ...k.status, at_us: world.now } })),
      incidents: counts(mine), max_severity: open.length ? Math.max(...open.map((i) => i.severity)) : null, flagged_us: open.length ? Math.max(...open.map((i) => i.at_us)) : null,
    };
  });
  return rows.sort((a, b) => (b.max_severity ?? -1) - (a.max_severity ?? -1));
}

export function reels(world, session, cam) {
  const out = [];
  const end = session.closed_us ?? world.now;
  for (let at = session.opened_us; at < end; at += REEL_SECONDS * S) {
    if (cam === "cam2" && at === world.opened + 150 * S) continue;
    out.push({ start_us: at, end_us: Math.min(at + REEL_SECONDS * S, end), url: `/v1/sessions/${session.id}/cameras/${cam}/video.mp4?from=${at}&to=${at + REEL_SECONDS * S}` });
  }
  return out;
}

export function scenes(world, from, to) {
  const out = [];
  for (let at = Math.ceil(Math.max(from, world.opened) / 200_000) * 200_000; at < Math.min(to, world.now); at += 200_000) {
    const t = ((at - world.opened) / S) % REEL_SECONDS;
    const heads = HEADS.map(([x, y], i) => ({ x: x + (6 / 640) * Math.sin(t * (0.7 + i * 0.13)), y: y + (3 / 360) * Math.sin(t * (1.1 + i * 0.17)), big: y > 0.5 ? 1.3 : 1, i }));
    out.push({
      at_us: at, width: 1280, height: 720, persons_ran: true, faces_ran: true,
      persons: heads.map((h) => ({ box: [h.x - 0.05 * h.big, h.y - 0.06 * h.big, 0.1 * h.big, 0.26 * h.big], score: 0.9 })),
      faces: heads.map((h) => ({ box: [h.x - 0.022 * h.big, h.y - 0.04 * h.big, 0.044 * h.big, 0.08 * h.big], score: 0.95, pose_valid: true, yaw_deg: 40 * Math.sin(t * 0.6 + h.i), pitch_deg: 8 * Math.sin(t), roll_deg: 0 })),
      seats: heads.map((h) => ({ seat: `A-0${h.i + 1}`, motion: 0.05, visible: true })),
    });
  }
  return out;
}

export function events(world) {
  const out = [];
  HEADS.forEach((_, i) => {
    for (let k = 0; k < 36; k++) {
      const at = world.opened + (6 + k * 8 + i * 1.3) * S;
      const event = k === 0 ? "assessment_opened" : k === 1 ? "assessment_started" : k % 9 === 5 && i % 2 ? "focus_lost" : k % 9 === 6 && i % 2 ? "focus_gained" : k % 3 === 0 ? "item_shown" : "item_answered";
      out.push({ type: "test_event", at_us: at, room: "r1", seat: `A-0${i + 1}`, event, client_seq: k + 1, item: `T${Math.floor(k / 3) + 1}`, ...(event === "item_answered" ? { answer: "B" } : {}) });
    }
  });
  return out.sort((a, b) => a.at_us - b.at_us);
}
