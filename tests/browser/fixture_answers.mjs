// A closed session of 30 candidates and 60 items with known copying, and what answer forensics says of it, in the contract's shapes.
// The counts come from the answers made here; the probabilities only have to look right: the real ones are calculated elsewhere.

const S = 1_000_000;
const ITEMS = 60;
const OPTIONS = ["A", "B", "C", "D"];
const NAMES = ["陈立", "王芳", "赵敏", "孙浩", "周洋", "吴静", "郑凯", "冯雪", "褚卫", "卫东", "蒋涛", "沈洁", "韩磊", "杨帆", "朱琳", "秦岭", "尤佳", "许诺", "何平", "吕梁", "施展", "张弛", "孔明", "曹宇", "严肃", "华夏", "金鑫", "魏然", "陶冶", "姜维"];
export const COLUMNS = 6;
const ROWS = 5;

/** xorshift32: the same world every time. */
function random(seed) {
  let x = seed;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) / 4294967296;
  };
}
const sigmoid = (v) => 1 / (1 + Math.exp(-v));

export const seats = Array.from({ length: ROWS * COLUMNS }, (_, i) => ({ id: `B-${String(i + 1).padStart(2, "0")}`, row: Math.floor(i / COLUMNS) + 1, column: (i % COLUMNS) + 1, candidate: `k-${300 + i}`, name: NAMES[i] }));

/** Seats 9 and 10 sit side by side, and 10 took 32 answers from 9; 22 took a few from 15, which sits in front of it. */
function answerSheets(opened) {
  const next = random(20260601);
  const key = Array.from({ length: ITEMS }, () => OPTIONS[Math.floor(next() * 4)]);
  const hard = Array.from({ length: ITEMS }, () => (next() - 0.5) * 3);
  const tempting = key.map((k) => OPTIONS.filter((o) => o !== k)[Math.floor(next() * 3)]);
  const sheets = seats.map((_, c) => {
    const able = (next() - 0.5) * 2.4;
    const start = opened + (60 + next() * 20) * S;
    const pace = 28 + next() * 14;
    return key.map((k, j) => {
      const right = next() < sigmoid(able - hard[j]);
      const wrong = next() < 0.5 ? tempting[j] : OPTIONS[Math.floor(next() * 4)];
      const answer = next() < 0.015 ? "" : right ? k : wrong;
      return { answer, us: answer ? Math.round(start + (j + next() * 0.6) * pace * S) : null, c };
    });
  });
  const copy = (from, to, share) => {
    for (let j = 0; j < ITEMS; j++) if (next() < share && sheets[from][j].answer) sheets[to][j] = { answer: sheets[from][j].answer, us: sheets[from][j].us + Math.round((3 + next() * 9) * S), c: to };
  };
  copy(8, 9, 0.62);
  copy(14, 21, 0.3);
  return { key, sheets };
}

function tail(z) {
  // Mills' ratio: near enough for the far tail
  return z < 1 ? 0.5 - 0.34 * z : (Math.exp((-z * z) / 2) / (z * Math.sqrt(2 * Math.PI))) * (1 - 1 / (z * z));
}

function family(x, y) {
  return Math.abs(x.row - y.row) <= 1 && Math.abs(x.column - y.column) <= 1 ? "adjacent" : "same_room";
}

/** { report, pair(a, b), events } of a session that opened and closed at these moments. */
export function makeAnswers(opened, closed, room) {
  const { key, sheets } = answerSheets(opened);
  const scores = sheets.map((s) => s.filter((r, j) => r.answer === key[j]).length);
  const pairs = [];
  const count = { adjacent: 0, same_room: 0 };
  for (let x = 0; x < seats.length; x++)
    for (let y = x + 1; y < seats.length; y++) {
      const both = sheets[x].flatMap((r, j) => (r.answer && sheets[y][j].answer ? [[r.answer, sheets[y][j].answer, key[j]]] : []));
      const matches = both.filter(([p, q]) => p === q).length;
      const [px, py] = [scores[x] / ITEMS, scores[y] / ITEMS];
      const expected = both.length * (px * py + ((1 - px) * (1 - py)) / 2.4) + 1.5;
      const z = (matches - 0.5 - expected) / Math.sqrt(both.length * 0.19);
      const kind = family(seats[x], seats[y]);
      count[kind] += 1;
      pairs.push({ a: seats[x].candidate, b: seats[y].candidate, family: kind, matches, expected: Number(expected.toFixed(2)), shared_items: both.length, shared_wrong: both.filter(([p, q, k]) => p === q && p !== k).length, z: Number(z.toFixed(3)), p: tail(z) });
    }
  const families = [{ family: "adjacent", pairs: count.adjacent, alpha_share: 0.8 }, { family: "same_room", pairs: count.same_room, alpha_share: 0.2 }];
  for (const p of pairs) {
    const f = families.find((k) => k.family === p.family);
    p.p_adjusted = Math.min(1, (p.p * f.pairs) / f.alpha_share);
    p.q = Math.min(1, p.p * pairs.length);
    p.level = p.p_adjusted < 0.01 ? "strong" : p.q < 0.05 ? "review" : p.p < 0.001 ? "note" : "none";
    Object.assign(p, { model: "omega_star", pace_z: Number((p.z / 3).toFixed(2)), gbt_p: p.p * 1.7, incident: null });
  }
  pairs.sort((p, q) => p.p_adjusted - q.p_adjusted || p.p - q.p);
  pairs[0].incident = "i-similar";
  const flagged = (id) => pairs.find((p) => (p.a === id || p.b === id) && p.level !== "none");
  const people = seats.map((s, c) => {
    const own = flagged(s.candidate);
    const channels = own ? [{ name: "similarity", p: own.p_adjusted, z: own.z, partner: own.a === s.candidate ? own.b : own.a }, { name: "speed", p: 0.31, z: 0.5, partner: null }] : c === 4 ? [{ name: "speed", p: 0.00042, z: 3.6, partner: null }] : [];
    return { candidate: s.candidate, name: s.name, room, seat: s.id, row: s.row, column: s.column, score: scores[c], answered: sheets[c].filter((r) => r.answer).length, level: own?.level ?? (c === 4 ? "note" : "none"), suspicion: own ? -Math.log10(own.p) : c === 4 ? 3.1 : 0.2, channels, incidents: own?.incident ? [own.incident] : [] };
  });
  const report = {
    state: "done", at_us: closed + 4 * S, complete: true, candidates: seats.length, items: ITEMS, keyed: true, similarity_tested: true, models: ["omega_star"], alpha: 0.01, expected_false_flags: 0.034,
    pair_count: pairs.length, notes: [{ code: "events_missing", parameters: { n: 3 } }, { code: "pairs_cut", parameters: { n: 235 } }], families, pairs: pairs.slice(0, 200), rings: [], people, watch: [],
  };
  const index = (id) => seats.findIndex((s) => s.candidate === id);
  function pair(a, b) {
    const [x, y] = [index(a), index(b)];
    if (x < 0 || y < 0) return null;
    return { a, b, items: key.map((k, j) => ({ item: `T${j + 1}`, key: k, a: sheets[x][j].answer, b: sheets[y][j].answer, a_us: sheets[x][j].us, b_us: sheets[y][j].us })) };
  }
  const events = seats.flatMap((s, c) => sheets[c].flatMap((r, j) => (r.us === null ? [] : [{ type: "test_event", at_us: r.us, room, seat: s.id, event: "item_answered", client_seq: j + 1, item: `T${j + 1}`, answer: r.answer }])));
  return { report, pair, events: events.sort((p, q) => p.at_us - q.at_us) };
}

/** A report of a session in which nothing could be compared. */
export const untested = (candidates, atUs) => ({
  state: "done", at_us: atUs, complete: true, candidates, items: 40, keyed: false, similarity_tested: false, models: [], alpha: 0.01, expected_false_flags: 0, pair_count: 0,
  notes: [{ code: "too_few_candidates", parameters: { n: candidates, least: 20 } }, { code: "no_key", parameters: {} }, { code: "no_times", parameters: {} }], families: [], pairs: [], rings: [], people: [], watch: [],
});

/** Figures of a room while its session runs. */
export const watched = (session, room, atUs) => ({
  room, session, at_us: atUs, candidates: 6, items: 18,
  pairs: [{ a: "A-02", b: "A-03", matches: 15, expected: 9.8, shared_items: 18, shared_wrong: 4, z: 2.3 }, { a: "A-01", b: "A-05", matches: 12, expected: 10.1, shared_items: 17, shared_wrong: 1, z: 0.9 }],
});
