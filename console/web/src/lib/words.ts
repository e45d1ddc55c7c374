// Codes, figures and times into the chosen language. Every sentence a person reads comes through here or a template's t().
import { computed } from "vue";
import { useI18n } from "vue-i18n";
import { ApiError } from "@/api/client";
import type { IncidentSummary, Level, ViolationCode } from "@/api/types";
import { durationParts } from "./time";

export interface Fact {
  key: string;
  text: string;
}

/** Where names come from when an incident is put into words. */
export interface Names {
  camera?: (id: string) => string;
}

function number(value: number): string {
  return String(Number.isInteger(value) ? value : Number(value.toPrecision(Math.abs(value) >= 100 ? 4 : 3)));
}

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
    });
  }

  function figure(key: string, value: number): string {
    if (key === "yaw_change_deg") return t(`incident.figure.${value < 0 ? "yaw_left" : "yaw_right"}`, { n: number(Math.abs(value)) });
    if (key === "by_persons") return t(`incident.figure.${value > 0 ? "by_persons" : "by_motion"}`);
    if (key === "camera_state") return t("incident.figure.camera_state", { v: t(`camera.${CAMERA_STATES[value] ?? "disconnected"}`) });
    const said = PERCENT.has(key) ? `${Math.round(value * 100)}%` : number(value);
    return te(`incident.figure.${key}`) ? t(`incident.figure.${key}`, { n: said }) : `${key} = ${said}`;
  }

  /** Every figure of the explanation, in words where we have them, else by name: nothing is hidden but what is said elsewhere. */
  function facts(incident: Pick<IncidentSummary, "explanation">): Fact[] {
    return Object.entries(incident.explanation.figures)
      .filter(([key, value]) => !SAID.has(key) && !(key === "claims" && value <= 1) && !(key === "ongoing" && value === 0))
      .map(([key, value]) => ({ key, text: figure(key, value) }));
  }

  /** The detector's parameters behind the flag: "angle_deg 25". */
  function thresholds(incident: Pick<IncidentSummary, "explanation">): string {
    return Object.entries(incident.explanation.parameters)
      .filter(([key]) => key !== "seat" && key !== "camera")
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

  return { t, te, locale, chinese: computed(() => locale.value === "zh-CN"), duration, kindTitle, kindLook, sentence, facts, thresholds, errorRate, subject, level, code, basis, error };
}
