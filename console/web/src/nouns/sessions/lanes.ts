// A room's session in the timeline's terms: lanes of cameras and seats, words included.
import { computed, type Ref } from "vue";
import type { Flag, SeatLane, CameraLane, Shade, Tick } from "@/nouns/sessions/timeline/lanes";
import type { IncidentSummary, Reel, Room, TestEventItem } from "@/api/types";
import { ANSWER_KINDS } from "@/nouns/answers/answers";
import { clock } from "@/kit/time";
import { gapsIn, type Interval } from "@/kit/timeline";
import { useWords } from "@/words/words";
import type { SessionData } from "./data";

/** Events a reader looks for; the others are drawn as plain ticks. */
const STRONG = new Set(["focus_lost", "clipboard_paste", "clipboard_copy", "clipboard_cut", "key_chord", "network", "display_count"]);

export function useLanes(room: Ref<Room | null>, data: SessionData, camera: Ref<string>, reels: Ref<ReadonlyMap<string, readonly Reel[]>>, bounds: Ref<Interval>) {
  const { t, te, kindTitle, duration } = useWords();
  const cause = (name: string) => t(te(`cause.${name}`) ? `cause.${name}` : "cause.unknown");
  const gapText = (fromUs: number, toUs: number, why: string) => `${clock(fromUs)}–${clock(toUs)} ${duration(toUs - fromUs)} ${cause(why)}`;

  const cameras = computed<CameraLane[]>(() =>
    (room.value?.cameras ?? []).map((c) => {
      const gaps = c.gaps.map((g) => ({ fromUs: g.from_us, toUs: g.to_us, text: gapText(g.from_us, g.to_us, g.cause) }));
      const known = reels.value.get(c.id);
      const recorded = known ? known.map((r) => ({ fromUs: r.start_us, toUs: r.end_us })) : gapsIn(bounds.value, gaps);
      return { id: c.id, name: c.name, active: c.id === camera.value, recorded, gaps };
    }),
  );

  function eventText(event: TestEventItem): string {
    const name = t(te(`event.${event.event}`) ? `event.${event.event}` : "event.unknown");
    const more = [
      event.item,
      event.previous_answer && event.answer ? `${event.previous_answer} → ${event.answer}` : event.answer,
      event.keys,
      event.chars !== undefined && event.chars > 0 ? t("event.chars", { n: event.chars }) : "",
      event.displays !== undefined && event.displays > 0 ? t("event.displays", { n: event.displays }) : "",
    ].filter(Boolean);
    return more.length > 0 ? `${name} · ${more.join(" ")}` : name;
  }

  function flag(i: IncidentSummary): Flag {
    return {
      id: i.id,
      // What concerns the whole session stands where it was found: at its end.
      fromUs: ANSWER_KINDS.has(i.kind) ? i.to_us : i.from_us,
      toUs: i.to_us,
      band: i.band,
      state: i.state,
      text: `${clock(i.from_us)} ${kindTitle(i.kind)} · ${t(`band.${i.band}`)} · ${t(`state.${i.state}`)}`,
    };
  }

  const seats = computed<SeatLane[]>(() => {
    const here = room.value;
    if (!here) return [];
    const lanes = new Map<string, SeatLane>();
    lanes.set("", { id: "", label: t("timeline.room"), flags: [], ticks: [], shades: [] });
    for (const s of here.seats) lanes.set(s.id, { id: s.id, label: t("seat.label", { seat: s.id }), flags: [], ticks: [], shades: [] });
    for (const i of data.incidents.value) {
      if (i.room.id !== here.id) continue;
      for (const seat of i.seats.length > 0 ? i.seats : [""]) lanes.get(seat)?.flags.push(flag(i));
    }
    for (const o of data.observations.value) {
      if (o.room !== here.id || o.state === "absent" || ANSWER_KINDS.has(o.kind)) continue;
      const shade: Shade = { fromUs: o.from_us, toUs: o.to_us, unknown: o.state === "unknown", text: `${kindTitle(o.kind)} · ${t(`presence.${o.state}`)}` };
      lanes.get(o.seat)?.shades.push(shade);
    }
    for (const e of data.events.value) {
      if (e.room !== undefined && e.room !== here.id) continue;
      const tick: Tick = { atUs: e.at_us, text: eventText(e), strong: STRONG.has(e.event) };
      lanes.get(e.seat)?.ticks.push(tick);
    }
    for (const m of data.marks.value) lanes.get(m.seat)?.ticks.push({ atUs: m.atUs, text: t(m.text.key, m.text.parameters), strong: true });
    const all = [...lanes.values()];
    return all[0]!.flags.length + all[0]!.shades.length > 0 ? all : all.slice(1);
  });

  /** Words for the gap a moment lies in, "" when it lies in none. */
  function gapAt(us: number): string {
    const gap = room.value?.cameras.find((c) => c.id === camera.value)?.gaps.find((g) => us >= g.from_us && us < g.to_us);
    return gap ? gapText(gap.from_us, gap.to_us, gap.cause) : "";
  }
  return { cameras, seats, gapAt };
}
