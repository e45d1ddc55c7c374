// What the pages ask the console about this noun.
import { get, part, query, type Query } from "@/api/client";
import type { Institution, Level, Named, Session, SessionSummary, TimelineItem } from "@/api/types";

export interface SessionPageAnswer {
  sessions: SessionSummary[];
  next: string | null;
  filters: { institutions: Institution[]; centres: Named[]; levels: Level[] };
}
export interface TimelineAnswer {
  items: TimelineItem[];
  next: string | null;
  from_us: number;
  to_us: number;
}

export const sessionCalls = {
  sessions: (filter: Query) => get<SessionPageAnswer>(`/v1/sessions${query(filter)}`),
  session: (id: string) => get<Session>(`/v1/sessions/${part(id)}`),
  timeline: (id: string, filter: Query, signal?: AbortSignal) =>
    get<TimelineAnswer>(`/v1/sessions/${part(id)}/timeline${query(filter)}`, signal),
};

/** Every page of a timeline, at most `cap` items; `complete` is false when the cap cut it. */
export async function wholeTimeline(
  id: string,
  filter: Query,
  cap: number,
  signal?: AbortSignal,
): Promise<{ items: TimelineItem[]; complete: boolean }> {
  const items: TimelineItem[] = [];
  let after: string | null = null;
  do {
    const page: TimelineAnswer = await sessionCalls.timeline(id, { ...filter, limit: 5000, after }, signal);
    items.push(...page.items);
    after = page.next;
  } while (after !== null && items.length < cap);
  return { items, complete: after === null };
}
