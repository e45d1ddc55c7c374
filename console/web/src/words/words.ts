// Codes, figures and times into the chosen language. Every sentence a person reads comes through here or a template's t().
import { computed } from "vue";
import { useI18n } from "vue-i18n";
import { ApiError } from "@/api/client";
import type { IncidentSummary, Level, ViolationCode } from "@/api/types";
import { rarity, scientific } from "@/kit/probability";
import { durationParts } from "@/kit/time";

export interface Fact {
  key: string;
  text: string;
}

/** Where names come from when an incident is put into words. */
export interface Names {
  camera?: (id: string) => string;
}

function number(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return "–";
  return String(Number.isInteger(value) ? value : Number(value.toPrecision(Math.abs(value) >= 100 ? 4 : 3)));
}

/** Figures that a kind's sentence says already. */
const SENTENCE: Record<string, ReadonlySet<string>> = {
  similar_answers: new Set(["matches", "expected", "shared_wrong", "shared_items"]),
  answer_ring: new Set(["members", "pairs", "shared_wrong_items"]),
  fast_and_good: new Set(["right", "answered"]),
  answers_changed: new Set(["changed", "changed_right"]),
  answers_follow: new Set(["follows"]),
  knew_items: new Set(["known", "known_right", "others", "others_right"]),
};
const PROBABILITIES = new Set(["p", "p_adjusted", "q"]);
/** Parameters of answer forensics that are words of the flag, not thresholds behind it. */
const WORDS = new Set(["seat", "camera", "a", "b", "candidate", "family", "level"]);
/** Figures that are said elsewhere on the page. */
const SAID = new Set(["duration_s", "worth_per_minute"]);
const PERCENT = new Set(["flat_share", "edge_disappearance", "shift_response", "score", "second_score", "broken_share"]);
/** CameraStatus.State by number. */
const CAMERA_STATES = ["disconnected", "opened", "cannot_open", "stalled", "nonsense", "ended", "disconnected"];

export function useWords() {
  const { t, te, locale } = useI18n();

  function duration(us: number): string {
    if (us > 0 && us < 9_950_000) return t("time.seconds", { n: Number((us / 1_000_000).toFixed(1)) });
    const { hours, minutes, seconds } = durationParts(us);
    if (hours > 0) return t("time.hours", { h: hours, m: minutes });
    return minutes > 0 ? t("time.minutes", { m: minutes, s: seconds }) : t("time.seconds", { n: seconds });
  }

  const known = (kind: string) => te(`incident.kind.${kind}.title`);
  const kindKey = (kind: string) => `incident.kind.${known(kind) ? kind : "unknown"}`;
  const kindTitle = (kind: string) => t(`${kindKey(kind)}.title`, { kind });
  const kindLook = (kind: string) => t(`${kindKey(kind)}.look`);

  function seats(incident: Pick<IncidentSummary, "seats">): string {
    return incident.seats.join(t("list.comma"));
  }

  function sentence(incident: IncidentSummary, names: Names = {}): string {
    const cameras = incident.cameras.map((c) => names.camera?.(c) ?? c).join(t("list.comma"));
    return t(`${kindKey(incident.kind)}.sentence`, {
      seat: seats(incident) || "?",
      camera: cameras || t("incident.some_camera"),
      duration: duration(Math.max(incident.to_us - incident.from_us, 0)),
      detector: incident.detector,
      ...Object.fromEntries([...(SENTENCE[incident.kind] ?? [])].map((key) => [key, "?"])),
      ...Object.fromEntries(Object.entries(incident.explanation.figures).map(([key, value]) => [key, number(value)])),
    });
  }

  /** How often honest people would bring this about: in exams, or in candidates. */
  function chance(p: number | null, of: "exam" | "person" | "short" = "exam"): string {
    if (p === null) return "–";
    const { kind, n, unit } = rarity(p, locale.value !== "en");
    return kind === "usual" ? t("chance.usual") : t(`chance.${kind}_${of}`, { n: t(`chance.unit.${unit}`, { n }) });
  }

  function figure(key: string, value: number): string {
    if (key === "yaw_change_deg") return t(`incident.figure.${value < 0 ? "yaw_left" : "yaw_right"}`, { n: number(Math.abs(value)) });
    if (key === "by_persons") return t(`incident.figure.${value > 0 ? "by_persons" : "by_motion"}`);
    if (key === "camera_state") return t("incident.figure.camera_state", { v: t(`camera.${CAMERA_STATES[value] ?? "disconnected"}`) });
    if (key === "p_adjusted") return t("incident.figure.p_adjusted", { n: scientific(value), chance: chance(value) });
    if (PROBABILITIES.has(key)) return t(`incident.figure.${key}`, { n: scientific(value) });
    const said = PERCENT.has(key) ? `${Math.round(value * 100)}%` : number(value);
    return te(`incident.figure.${key}`) ? t(`incident.figure.${key}`, { n: said }, value === 1 ? 1 : 2) : `${key} = ${said}`;
  }

  /** Every figure of the explanation, in words where we have them, else by name: nothing is hidden but what is said elsewhere. */
  function facts(incident: Pick<IncidentSummary, "explanation" | "kind">): Fact[] {
    const { family, level: strength } = incident.explanation.parameters;
    const said = SENTENCE[incident.kind];
    const named: Fact[] = [];
    if (said && strength && te(`answers.level.${strength}`)) named.push({ key: "level", text: t("incident.figure.level", { v: t(`answers.level.${strength}`) }) });
    if (said && family && te(`answers.family.${family}`)) named.push({ key: "family", text: t(`answers.family.${family}`) });
    const figures = Object.entries(incident.explanation.figures)
      .filter(([key, value]) => !SAID.has(key) && !said?.has(key) && !(key === "claims" && value <= 1) && !(key === "ongoing" && value === 0))
      .map(([key, value]) => ({ key, text: figure(key, value) }));
    return [...named, ...figures];
  }

  /** The detector's parameters behind the flag: "angle_deg 25". */
  function thresholds(incident: Pick<IncidentSummary, "explanation">): string {
    return Object.entries(incident.explanation.parameters)
      .filter(([key]) => !WORDS.has(key))
      .map(([key, value]) => `${key} ${value}`)
      .join(" · ");
  }

  function errorRate(incident: Pick<IncidentSummary, "error_rate">): string {
    const rate = incident.error_rate;
    return rate.measured && rate.false_per_seat_hour !== undefined
      ? t("incident.error_rate", { n: number(rate.false_per_seat_hour) })
      : t("incident.not_measured");
  }

  /** Who or what an incident is about: seats, else cameras, else the room. */
  function subject(incident: IncidentSummary, names: Names = {}): string {
    if (incident.seats.length > 0) return t("seat.label", { seat: seats(incident) });
    if (incident.cameras.length > 0) return incident.cameras.map((c) => names.camera?.(c) ?? c).join(t("list.comma"));
    return incident.room.name;
  }

  const level = (value: Level) => t(`level.${value}`);
  const code = (entry: ViolationCode) => (locale.value === "en" ? entry.en : entry.zh);
  /** A rule's basis is stored as "中文 / English". */
  function basis(entry: ViolationCode): string {
    const [zh = "", en] = entry.basis.split(" / ");
    return locale.value === "en" ? (en ?? zh) : zh;
  }

  function error(cause: unknown): string {
    if (!(cause instanceof ApiError)) return t("error.internal");
    return te(`error.${cause.code}`) ? t(`error.${cause.code}`, cause.parameters) : t("error.other", { code: cause.code });
  }

  return { t, te, locale, chinese: computed(() => locale.value === "zh-CN"), number, duration, chance, kindTitle, kindLook, sentence, facts, thresholds, errorRate, subject, level, code, basis, error };
}
