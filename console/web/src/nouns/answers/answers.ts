// Two candidates' answers side by side, and where seats stand on a map. Pure.
import type { PairItem } from "./types";

/** Kinds of flags that come from comparing answers after the close, not from a moment of the session. */
export const ANSWER_KINDS: ReadonlySet<string> = new Set(["similar_answers", "answer_ring", "fast_and_good", "answers_changed", "answers_follow", "knew_items", "answers_examined", "similar_pace"]);

export type Likeness = "shared_wrong" | "same" | "different" | "one_missing" | "both_missing";

/** How two answers to an item stand to each other. Without a key nothing is called wrong. */
export function likeness(item: Pick<PairItem, "key" | "a" | "b">): Likeness {
  if (!item.a && !item.b) return "both_missing";
  if (!item.a || !item.b) return "one_missing";
  if (item.a !== item.b) return "different";
  return item.key && item.a !== item.key ? "shared_wrong" : "same";
}

export interface Lag {
  /** Equal answers whose times are known. */
  timed: number;
  /** How many of them b gave at most `windowUs` after a, and the other way round. */
  bAfterA: number;
  aAfterB: number;
}

export function lag(items: readonly PairItem[], windowUs = 15_000_000): Lag {
  const out = { timed: 0, bAfterA: 0, aAfterB: 0 };
  for (const i of items) {
    if (!i.a || i.a !== i.b || i.a_us === null || i.b_us === null) continue;
    out.timed += 1;
    const d = i.b_us - i.a_us;
    if (d > 0 && d <= windowUs) out.bAfterA += 1;
    if (d < 0 && -d <= windowUs) out.aAfterB += 1;
  }
  return out;
}

/** A list cut into lines of at most `length`. */
export function lines<T>(list: readonly T[], length: number): T[][] {
  const step = Math.max(1, Math.floor(length));
  return Array.from({ length: Math.ceil(list.length / step) }, (_, i) => list.slice(i * step, (i + 1) * step));
}

export interface MapSeat {
  id: string;
  row: number;
  column: number;
}

/** Whether the plan says where the seats stand (rows and columns count from 1; 0 is unknown). */
export const arranged = (seats: readonly MapSeat[]): boolean => seats.every((s) => s.row > 0 && s.column > 0);

/**
 * Where each seat is drawn: columns left to right, row 1 (the front) on top, the smallest row and column at the edge. Seats the plan does
 * not place stand in the order of the list.
 */
export function seatPlaces(list: readonly MapSeat[], cell: { width: number; height: number }): { places: Map<string, { x: number; y: number }>; width: number; height: number } {
  const across = Math.max(1, Math.ceil(Math.sqrt(list.length * 1.3)));
  const seats = arranged(list) ? list : list.map((s, i) => ({ id: s.id, row: Math.floor(i / across) + 1, column: (i % across) + 1 }));
  const row0 = Math.min(...seats.map((s) => s.row), Infinity);
  const column0 = Math.min(...seats.map((s) => s.column), Infinity);
  const places = new Map(seats.map((s) => [s.id, { x: (s.column - column0 + 0.5) * cell.width, y: (s.row - row0 + 0.5) * cell.height }]));
  const width = seats.length > 0 ? (Math.max(...seats.map((s) => s.column)) - column0 + 1) * cell.width : 0;
  const height = seats.length > 0 ? (Math.max(...seats.map((s) => s.row)) - row0 + 1) * cell.height : 0;
  return { places, width, height };
}
