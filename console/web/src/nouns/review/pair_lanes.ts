// The chosen pair's two lanes of the timeline: what happened at both seats, on the page's own time.
import { computed, type Ref } from "vue";
import type { SeatLane, Tick } from "@/nouns/sessions/timeline/lanes";
import type { Reel, Session } from "@/api/types";
import { likeness } from "@/nouns/answers/answers";
import type { Interval } from "@/kit/timeline";
import { useWords } from "@/words/words";
import type { SessionData } from "@/nouns/sessions/data";
import type { ForensicsData } from "@/nouns/answers/forensics";
import { useLanes } from "@/nouns/sessions/lanes";

export function usePairLanes(session: Ref<Session | null>, data: SessionData, forensics: ForensicsData, camera: Ref<string>, reels: Ref<ReadonlyMap<string, readonly Reel[]>>, bounds: Ref<Interval>) {
  const { t } = useWords();
  const sides = (["a", "b"] as const).map((side) => {
    const person = computed(() => forensics.people.value.get(forensics.pair.value?.[side] ?? ""));
    const room = computed(() => session.value?.rooms.find((r) => r.id === person.value?.room) ?? null);
    return { side, person, room, ...useLanes(room, data, camera, reels, bounds) };
  });

  /** When each answered: also where a session has too many events to load them all. */
  function commits(side: "a" | "b"): Tick[] {
    return (forensics.answers.value?.items ?? []).flatMap((item) => {
      const us = side === "a" ? item.a_us : item.b_us;
      const shared = likeness(item) === "shared_wrong";
      return us === null ? [] : [{ atUs: us, text: `${item.item} ${item[side]}${shared ? ` ${t("answers.likeness.shared_wrong")}` : ""}`, strong: shared }];
    });
  }
  const seats = computed<SeatLane[]>(() =>
    sides.flatMap(({ side, person, seats: lanes }) => {
      const lane = lanes.value.find((l) => l.id === person.value?.seat);
      return lane ? [{ ...lane, label: `${side.toUpperCase()} ${person.value?.seat ?? ""}`, ticks: [...lane.ticks, ...commits(side)] }] : [];
    }),
  );
  const cameras = computed(() => {
    const seen = new Set<string>();
    return sides.flatMap((s) => s.cameras.value).filter((c) => !seen.has(c.id) && seen.add(c.id));
  });
  return { seats, cameras };
}
