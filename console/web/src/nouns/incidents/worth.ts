// The queue's order, as the console sorts it: band, then worth of a reviewer's minute, then time. Used to place pushed incidents.
import type { Band, IncidentSummary } from "@/api/types";

const RANK: Record<Band, number> = { high: 0, medium: 1, low: 2 };

export function bandOf(severity: number): Band {
  if (severity >= 0.7) return "high";
  return severity >= 0.4 ? "medium" : "low";
}

type Sortable = Pick<IncidentSummary, "band" | "worth" | "from_us" | "id">;

/** Negative when `a` should be looked at first. */
export function byWorth(a: Sortable, b: Sortable): number {
  return RANK[a.band] - RANK[b.band] || b.worth - a.worth || a.from_us - b.from_us || a.id.localeCompare(b.id);
}

/** Puts a pushed incident into a list: replaces its older self and the one it supersedes; leaves out what `keep` refuses. */
export function place<T extends IncidentSummary>(list: readonly T[], pushed: T, keep: (incident: T) => boolean): T[] {
  const rest = list.filter((i) => i.id !== pushed.id && i.id !== pushed.supersedes);
  return keep(pushed) ? [...rest, pushed].sort(byWorth) : rest;
}

/** How many minutes a look at all of these takes. */
export function reviewMinutes(list: readonly Pick<IncidentSummary, "review_seconds">[]): number {
  return Math.ceil(list.reduce((sum, i) => sum + i.review_seconds, 0) / 60);
}
