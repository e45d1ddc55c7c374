// Times on the screen: UTC microseconds in, China time (a fixed +8 h) out. The only place that adds the eight hours.

export const CHINA_OFFSET_US = 8 * 3_600_000_000;
const DAY_US = 86_400_000_000;

function shifted(us: number): Date {
  return new Date(Math.floor((us + CHINA_OFFSET_US) / 1000));
}

function two(n: number): string {
  return String(n).padStart(2, "0");
}

/** "09:05:07", or "09:05:07.250" when milliseconds matter. */
export function clock(us: number, millis = false): string {
  const d = shifted(us);
  const base = `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}:${two(d.getUTCSeconds())}`;
  return millis ? `${base}.${String(d.getUTCMilliseconds()).padStart(3, "0")}` : base;
}

/** "09:05" */
export function clockShort(us: number): string {
  return clock(us).slice(0, 5);
}

/** "2026-11-22" */
export function date(us: number): string {
  const d = shifted(us);
  return `${d.getUTCFullYear()}-${two(d.getUTCMonth() + 1)}-${two(d.getUTCDate())}`;
}

/** "2026-11-22 09:05:07" */
export function dateTime(us: number): string {
  return `${date(us)} ${clock(us)}`;
}

/** A span on one line: the date is said once when both ends share it. */
export function span(fromUs: number, toUs: number): string {
  const head = `${date(fromUs)} ${clockShort(fromUs)}`;
  return date(fromUs) === date(toUs) ? `${head}–${clockShort(toUs)}` : `${head} – ${date(toUs)} ${clockShort(toUs)}`;
}

/** First microsecond of a China day "2026-11-22", and of the day after; null for what is no date. */
export function dayBounds(day: string): { fromUs: number; toUs: number } | null {
  const m = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day);
  if (!m) return null;
  const ms = Date.UTC(Number(m[1]), Number(m[2]) - 1, Number(m[3]));
  if (new Date(ms).toISOString().slice(0, 10) !== day) return null;
  const fromUs = ms * 1000 - CHINA_OFFSET_US;
  return { fromUs, toUs: fromUs + DAY_US };
}

export interface DurationParts {
  hours: number;
  minutes: number;
  seconds: number;
}

/** Whole hours, minutes and seconds, rounded to the second before they are split (59.6 s is one minute). */
export function durationParts(us: number): DurationParts {
  const total = Math.max(0, Math.round(us / 1_000_000));
  return { hours: Math.floor(total / 3600), minutes: Math.floor((total % 3600) / 60), seconds: total % 60 };
}

/** "1:02:03" or "02:03": a position counted from the session's opening. */
export function position(us: number): string {
  const { hours, minutes, seconds } = durationParts(us);
  const tail = `${two(minutes)}:${two(seconds)}`;
  return hours > 0 ? `${hours}:${tail}` : tail;
}
