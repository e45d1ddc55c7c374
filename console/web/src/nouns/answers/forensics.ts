// Answer forensics of a session: the report, the pair somebody looks at, the figures while the session runs.
import { computed, onBeforeUnmount, ref, shallowRef } from "vue";
import { answerCalls } from "./calls";
import type { AnswerPair, ExaminedPerson, Forensics, PairAnswers, WatchedRoom } from "./types";
import type { IncidentSummary } from "@/api/types";
import { after } from "@/kit/after";
import { ANSWER_KINDS } from "./answers";
import { turns } from "@/kit/turns";
import * as live from "@/api/live";

export interface Chosen {
  a: string;
  b: string;
}
export const samePair = (x: Chosen | null, y: Chosen | null): boolean => x !== null && y !== null && ((x.a === y.a && x.b === y.b) || (x.a === y.b && x.b === y.a));

type Flag = Pick<IncidentSummary, "id" | "kind" | "explanation">;

export function useForensics(session: string) {
  const report = shallowRef<Forensics | null>(null);
  const failure = ref<unknown>(null);
  const pair = ref<Chosen | null>(null);
  const answers = shallowRef<PairAnswers | null>(null);
  const answersFailure = ref<unknown>(null);
  const watched = shallowRef<ReadonlyMap<string, WatchedRoom>>(new Map());
  const loads = turns();
  const pairs = turns();
  let wanted = false;
  /** A flag somebody chose before the report was there. */
  let about: Flag | null = null;

  const people = computed<ReadonlyMap<string, ExaminedPerson>>(() => new Map((report.value?.people ?? []).map((p) => [p.candidate, p])));
  /** The figures of the chosen pair; null for two people who are in no listed pair. */
  const figures = computed<AnswerPair | null>(() => report.value?.pairs.find((p) => samePair(p, pair.value)) ?? null);

  function watch(room: WatchedRoom): void {
    const known = watched.value.get(room.room);
    if (!known || known.at_us <= room.at_us) watched.value = new Map(watched.value).set(room.room, room);
  }

  async function load(): Promise<void> {
    wanted = true;
    const newest = loads.take();
    try {
      const answer = await answerCalls.forensics(session);
      if (!newest()) return;
      report.value = answer;
      answer.watch.forEach(watch);
      failure.value = null;
      if (about) chooseFor(about);
      const first = answer.pairs[0];
      if (!pair.value && first) choosePair(first);
    } catch (cause) {
      if (newest()) failure.value = cause;
    }
  }

  async function fetchAnswers(): Promise<void> {
    const chosen = pair.value;
    if (!chosen) return;
    const newest = pairs.take();
    answersFailure.value = null;
    try {
      const found = await answerCalls.forensicsPair(session, chosen.a, chosen.b);
      if (newest()) answers.value = found;
    } catch (cause) {
      if (newest()) answersFailure.value = cause;
    }
  }

  function choosePair(chosen: Chosen): void {
    if (samePair(pair.value, chosen) && answers.value) return;
    pair.value = { a: chosen.a, b: chosen.b };
    answers.value = null;
    void fetchAnswers();
  }

  /** The pair a flag is about: as the flag names it, else the most alike of its group, or of its person. */
  function chooseFor(flag: Flag): void {
    about = report.value ? null : flag;
    const { a, b, candidate } = flag.explanation.parameters as Record<string, string | undefined>;
    if (a && b) return choosePair({ a, b });
    const ring = report.value?.rings.find((r) => r.incident === flag.id);
    const found = report.value?.pairs.find((p) => p.incident === flag.id || (ring?.candidates.includes(p.a) && ring.candidates.includes(p.b)) || (candidate !== undefined && (p.a === candidate || p.b === candidate)));
    if (found) choosePair(found);
  }

  const again = after(1000, async () => {
    if (wanted) await load();
  });
  const endings = [
    live.on("watch", (push) => {
      if (push.session === session) watch(push);
    }),
    live.on("incident", ({ incident }) => {
      if (incident.session.id === session && ANSWER_KINDS.has(incident.kind)) again();
    }),
    live.on("session", (push) => {
      if (push.session.id === session && push.session.state === "closed" && report.value?.state !== "done") again();
    }),
    live.on("resumed", again),
  ];
  onBeforeUnmount(() => {
    wanted = false;
    loads.end(true);
    pairs.end(true);
    endings.forEach((end) => end());
  });

  return { report, failure, pair, figures, answers, answersFailure, people, watched, load, choosePair, chooseFor, fetchAnswers };
}

export type ForensicsData = ReturnType<typeof useForensics>;
