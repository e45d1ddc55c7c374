// The timeline's arithmetic: time to pixels and back, zooming round a point, ticks, packing and binning. Pure.

/** A window of time drawn over `width` pixels. */
export interface Scale {
  fromUs: number;
  toUs: number;
  width: number;
}

export interface Interval {
  fromUs: number;
  toUs: number;
}

/** Nothing is drawn closer than this: one second over the whole width. */
export const MIN_SPAN_US = 1_000_000;

export function toX(scale: Scale, us: number): number {
  const span = scale.toUs - scale.fromUs;
  return span <= 0 ? 0 : ((us - scale.fromUs) / span) * scale.width;
}

export function toUs(scale: Scale, x: number): number {
  if (scale.width <= 0) return scale.fromUs;
  return scale.fromUs + (x / scale.width) * (scale.toUs - scale.fromUs);
}

export function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), Math.max(low, high));
}

/** Moves a window into its bounds without changing its length; one longer than the bounds becomes the bounds. */
export function fit(window: Interval, bounds: Interval): Interval {
  const length = Math.min(window.toUs - window.fromUs, bounds.toUs - bounds.fromUs);
  const fromUs = clamp(window.fromUs, bounds.fromUs, bounds.toUs - length);
  return { fromUs, toUs: fromUs + length };
}

/** Shrinks (factor < 1) or widens a window so that `anchorUs` stays at the same place on the screen. */
export function zoom(window: Interval, factor: number, anchorUs: number, bounds: Interval): Interval {
  const whole = bounds.toUs - bounds.fromUs;
  const before = window.toUs - window.fromUs;
  const length = clamp(before * factor, Math.min(MIN_SPAN_US, whole), whole);
  const share = before > 0 ? (anchorUs - window.fromUs) / before : 0.5;
  const fromUs = anchorUs - share * length;
  return fit({ fromUs, toUs: fromUs + length }, bounds);
}

/** Keeps `us` in view: the window follows as soon as the cursor passes `margin` of its width from an edge. */
export function follow(window: Interval, us: number, bounds: Interval, margin = 0.08): Interval {
  const length = window.toUs - window.fromUs;
  if (us >= window.fromUs + length * margin && us <= window.toUs - length * margin) return window;
  if (us > window.toUs - length * margin && window.toUs >= bounds.toUs && us <= bounds.toUs) return window;
  if (us < window.fromUs + length * margin && window.fromUs <= bounds.fromUs && us >= bounds.fromUs) return window;
  return fit({ fromUs: us - length * 0.25, toUs: us + length * 0.75 }, bounds);
}

const STEPS_S = [0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400];

export interface Ticks {
  stepUs: number;
  at: number[];
}

/** Round times at least `minPx` apart, on the China clock (whole days start at its midnight). */
export function ticks(scale: Scale, minPx: number, offsetUs: number): Ticks {
  const perPx = (scale.toUs - scale.fromUs) / Math.max(1, scale.width);
  const wanted = (perPx * minPx) / 1_000_000;
  const step = STEPS_S.find((s) => s >= wanted) ?? STEPS_S[STEPS_S.length - 1]!;
  const stepUs = step * 1_000_000;
  const first = Math.ceil((scale.fromUs + offsetUs) / stepUs) * stepUs - offsetUs;
  const at: number[] = [];
  for (let us = first; us <= scale.toUs && at.length < 500; us += stepUs) at.push(us);
  return { stepUs, at };
}

/** Greedy packing: for each interval the first row in which it overlaps nothing. Input order is kept in the answer. */
export function pack(intervals: readonly Interval[]): { rows: number; row: number[] } {
  const order = intervals.map((_, i) => i).sort((a, b) => intervals[a]!.fromUs - intervals[b]!.fromUs || a - b);
  const ends: number[] = [];
  const row = new Array<number>(intervals.length).fill(0);
  for (const i of order) {
    const it = intervals[i]!;
    let r = ends.findIndex((end) => end <= it.fromUs);
    if (r < 0) r = ends.push(0) - 1;
    ends[r] = Math.max(it.toUs, it.fromUs + 1);
    row[i] = r;
  }
  return { rows: ends.length, row };
}

export interface Bin<T> {
  x: number;
  items: T[];
}

/** Groups moments that fall into the same `binPx` pixels; those outside the window are left out. */
export function bin<T>(items: readonly T[], at: (item: T) => number, scale: Scale, binPx: number): Bin<T>[] {
  const bins = new Map<number, T[]>();
  for (const item of items) {
    const us = at(item);
    if (us < scale.fromUs || us > scale.toUs) continue;
    const key = Math.floor(toX(scale, us) / binPx);
    const there = bins.get(key);
    if (there) there.push(item);
    else bins.set(key, [item]);
  }
  return [...bins.entries()].sort((a, b) => a[0] - b[0]).map(([key, list]) => ({ x: key * binPx + binPx / 2, items: list }));
}

/** Index of the last element with at(element) ≤ us in a list ordered by time, or -1. */
export function lastBefore<T>(items: readonly T[], at: (item: T) => number, us: number): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (at(items[mid]!) <= us) low = mid + 1;
    else high = mid;
  }
  return low - 1;
}

/** What is left of `whole` when `covered` is taken away: the gaps, in order. */
export function gapsIn(whole: Interval, covered: readonly Interval[], toleranceUs = 0): Interval[] {
  const gaps: Interval[] = [];
  let at = whole.fromUs;
  for (const c of [...covered].sort((a, b) => a.fromUs - b.fromUs)) {
    if (c.fromUs - at > toleranceUs) gaps.push({ fromUs: at, toUs: Math.min(c.fromUs, whole.toUs) });
    at = Math.max(at, c.toUs);
    if (at >= whole.toUs) break;
  }
  if (whole.toUs - at > toleranceUs) gaps.push({ fromUs: at, toUs: whole.toUs });
  return gaps;
}
