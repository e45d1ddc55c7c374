import { describe, expect, it } from "vitest";
import { catalogue, type Words } from "./catalogues";

function flat(tree: Words, prefix = ""): Map<string, string> {
  const out = new Map<string, string>();
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === "string") out.set(prefix + key, value);
    else for (const [k, v] of flat(value, `${prefix}${key}.`)) out.set(k, v);
  }
  return out;
}
const chinese = flat(catalogue("zh-CN"));
const english = flat(catalogue("en"));
/** A text for one and for several ("a | b") names its figures twice. */
const places = (text: string) => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]))].sort();

const KINDS = [
  "signal_lost", "frozen", "covered", "dark", "moved", "seat_empty", "second_person", "head_turned",
  "focus_lost_then_answer", "paste", "answer_burst", "event_gap", "silent_seat", "screen_room_disagree", "event_conflict",
  "similar_answers", "answer_ring", "fast_and_good", "answers_changed", "answers_follow", "knew_items",
];
/** Notes of answer forensics: why something was not calculated. */
const NOTES = [
  "too_few_candidates", "no_key", "known_items", "items_unkeyed", "items_unknown", "answers_unknown", "no_times", "seats_unassigned", "events_missing", "incomplete",
  "nobody_answered", "nominal_used", "pairs_cut", "people_cut",
];
const CODES = [
  "invalid", "not_found", "conflict", "denied", "unauthenticated", "too_large", "unsupported", "unavailable", "exhausted", "corrupt", "internal",
  "csrf_header_missing", "login_failed", "slow_down", "not_allowed", "reason_too_short", "reason_too_long", "outcome_unknown",
  "violation_code_missing", "violation_code_unknown", "incident_replaced", "session_closed", "session_not_open", "no_video",
  "interval_invalid", "interval_too_long", "parameter_invalid",
];

describe("the catalogues", () => {
  it("have the same keys", () => {
    expect([...english.keys()].sort()).toEqual([...chinese.keys()].sort());
  });
  it("have words for every key", () => {
    for (const catalogue of [chinese, english]) for (const [key, text] of catalogue) expect(text.trim(), key).not.toBe("");
  });
  it("fill in the same figures", () => {
    for (const [key, text] of chinese) {
      expect(places(english.get(key) ?? ""), key).toEqual(places(text));
    }
  });
  it("hold Chinese in one and none in the other", () => {
    for (const [key, text] of english) expect(/[\u3400-\u9fff]/.test(text), key).toBe(false);
    const words = [...chinese.values()].filter((text) => /[\u3400-\u9fff]/.test(text));
    expect(words.length).toBeGreaterThan(chinese.size * 0.95);
  });
  it("say every kind of flag and every error code", () => {
    for (const kind of KINDS) for (const part of ["title", "sentence", "look"]) expect(chinese.has(`incident.kind.${kind}.${part}`), kind).toBe(true);
    for (const kind of ["answers_examined", "similar_pace"]) expect(chinese.has(`incident.kind.${kind}.title`), kind).toBe(true);
    for (const note of NOTES) expect(chinese.has(`answers.note.${note}`), note).toBe(true);
    for (const code of CODES) expect(chinese.has(`error.${code}`), code).toBe(true);
  });
});
