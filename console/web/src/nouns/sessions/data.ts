// A session and everything that happened in it, kept current by pushes. Asks the console again only for what a push announced.
import { computed, onBeforeUnmount, ref, shallowRef } from "vue";
import { sessionCalls, wholeTimeline } from "./calls";
import type { IncidentSummary, Observation, Session, TestEventItem, TimelineItem } from "@/api/types";
import { after } from "@/kit/after";
import { turns } from "@/kit/turns";
import * as live from "@/api/live";

/** More test events than this are loaded by seat only. */
export const ALL_EVENTS = 20_000;
const SOLID = "incident,observation,opinion,test_event_gap,test_event_conflict,camera_status,session";
const EVENTS = "test_event";

export interface Mark {
  atUs: number;
  seat: string;
  text: { key: string; parameters: Record<string, string | number> };
}

export function useSession(id: string) {
  const session = ref<Session | null>(null);
  const failure = ref<unknown>(null);
  const incidents = shallowRef<IncidentSummary[]>([]);
  const observations = shallowRef<Observation[]>([]);
  const events = shallowRef<TestEventItem[]>([]);
  const marks = shallowRef<Mark[]>([]);
  /** False when a cap cut the list: the page says so. */
  const complete = ref(true);
  const eventSeat = ref("");
  /** Ids that came in while the page was open. */
  const fresh = ref<ReadonlySet<string>>(new Set());
  /** When an incident was last placed by a push or a decision: an answer asked for earlier knows less about it. */
  const placedMs = new Map<string, number>();
  const eventTurns = turns();
  let left = false;
  /** Pushes were missed: flags may have come that lie long before now, so all are asked for again. */
  let missed = false;
  let solidUntil = 0;
  let eventsUntil = 0;

  const bySeatOnly = computed(() => (session.value?.test_events ?? 0) > ALL_EVENTS);

  function place(incident: IncidentSummary): void {
    placedMs.set(incident.id, performance.now());
    const gone = incident.withdrawn || incident.superseded_by !== null;
    const rest = incidents.value.filter((i) => i.id !== incident.id && i.id !== (gone ? "" : incident.supersedes));
    const keep = !gone || incident.last_opinion !== null;
    incidents.value = (keep ? [...rest, incident] : rest).sort((a, b) => a.from_us - b.from_us || a.id.localeCompare(b.id));
  }

  function take(items: readonly TimelineItem[], from: number, askedMs: number): void {
    const placed = (i: IncidentSummary) => (placedMs.get(i.id) ?? -1) >= askedMs;
    const found = items.flatMap((i) => (i.type === "incident" && !placed(i.incident) ? [i.incident] : []));
    const had = new Map(incidents.value.filter((i) => from > 0 || placed(i)).map((i) => [i.id, i]));
    for (const i of found) had.set(i.id, i);
    incidents.value = [...had.values()].sort((a, b) => a.from_us - b.from_us || a.id.localeCompare(b.id));
    const seen = new Map((from > 0 ? observations.value : []).map((o) => [o.id, o]));
    for (const i of items) if (i.type === "observation") seen.set(i.observation.id, i.observation);
    observations.value = [...seen.values()];
    const more: Mark[] = [];
    for (const i of items) {
      if (i.type === "test_event_gap") more.push({ atUs: i.at_us, seat: i.seat, text: { key: "mark.event_gap", parameters: { from: i.from_seq, to: i.to_seq } } });
      if (i.type === "test_event_conflict") more.push({ atUs: i.at_us, seat: i.seat, text: { key: "mark.event_conflict", parameters: { seq: i.client_seq } } });
    }
    const kept = from > 0 ? marks.value.filter((m) => m.atUs < from) : [];
    marks.value = [...kept, ...more];
  }

  const nowUs = () => Date.now() * 1000;

  async function loadSolid(from = 0): Promise<void> {
    const asked = nowUs();
    const askedMs = performance.now();
    const page = await wholeTimeline(id, { types: SOLID, from: from || undefined }, ALL_EVENTS);
    take(page.items, from, askedMs);
    complete.value = page.complete;
    // a little overlap: things whose time lies before their record are not missed
    solidUntil = asked - 30_000_000;
  }

  async function loadEvents(seat: string, from = 0): Promise<void> {
    // A whole load ends the ones before it; what merely extends belongs to the load that is on.
    const counts = from > 0 ? eventTurns.join() : eventTurns.take();
    if (bySeatOnly.value && !seat) {
      events.value = [];
      eventSeat.value = "";
      return;
    }
    const asked = nowUs();
    const wanted = bySeatOnly.value ? seat : "";
    const page = await wholeTimeline(id, { types: EVENTS, seat: wanted || undefined, from: from || undefined }, ALL_EVENTS);
    if (!counts() || (from > 0 && eventSeat.value !== wanted)) return;
    const found = page.items.filter((i): i is TestEventItem => i.type === "test_event" && i.event !== "heartbeat");
    const kept = from > 0 && eventSeat.value === wanted ? events.value.filter((e) => e.at_us < from) : [];
    events.value = [...kept, ...found].sort((a, b) => a.at_us - b.at_us);
    eventSeat.value = wanted;
    eventsUntil = asked - 30_000_000;
    if (!page.complete) complete.value = false;
  }

  async function load(): Promise<void> {
    try {
      session.value = await sessionCalls.session(id);
      await Promise.all([loadSolid(), loadEvents("")]);
      failure.value = null;
    } catch (cause) {
      failure.value = cause;
    }
  }

  /** What came since the last time: asked when a push says something happened, never on a timer. */
  async function extend(): Promise<void> {
    if (!session.value || left) return;
    const from = missed ? 0 : solidUntil;
    missed = false;
    try {
      session.value = await sessionCalls.session(id);
      await Promise.all([loadSolid(from), loadEvents(eventSeat.value, eventsUntil)]);
    } catch {
      // the next push asks again
      missed ||= from === 0;
    }
  }
  const soon = after(1000, extend);

  function chooseSeat(seat: string): void {
    if (bySeatOnly.value && seat !== eventSeat.value) void loadEvents(seat).catch((cause) => (failure.value = cause));
  }

  const endings = [
    live.on("incident", ({ incident }) => {
      if (incident.session.id !== id) return;
      if (!incidents.value.some((i) => i.id === incident.id)) fresh.value = new Set([...fresh.value, incident.id]);
      place(incident);
      soon();
    }),
    live.on("opinion", ({ incident }) => {
      if (incident.session.id === id) place(incident);
    }),
    live.on("session", (push) => {
      if (push.session.id !== id || !session.value) return;
      const { rooms: _rooms, ...rest } = push.session;
      session.value = { ...session.value, ...rest };
      soon();
    }),
    live.on("camera", (push) => {
      if (session.value?.rooms.some((r) => r.cameras.some((c) => c.id === push.camera))) soon();
    }),
    live.on("resumed", () => {
      missed = true;
      soon();
    }),
  ];
  onBeforeUnmount(() => {
    left = true;
    eventTurns.end(true);
    endings.forEach((end) => end());
  });

  return { session, failure, incidents, observations, events, marks, complete, bySeatOnly, fresh, load, extend, place, chooseSeat };
}

export type SessionData = ReturnType<typeof useSession>;
