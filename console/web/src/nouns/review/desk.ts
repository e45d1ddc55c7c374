// The session page's state: which room, camera, seat, moment and flag; what follows from choosing each.
import { computed, onBeforeUnmount, onMounted, ref, shallowRef, watch } from "vue";
import { videoCalls } from "@/nouns/video/calls";
import { useRoute, useRouter } from "vue-router";
import { incidentCalls } from "@/nouns/incidents/calls";
import type { IncidentSummary, Reel } from "@/api/types";
import { ANSWER_KINDS } from "@/nouns/answers/answers";
import { follow, type Interval } from "@/kit/timeline";
import { turns } from "@/kit/turns";
import * as live from "@/api/live";
import { useSession } from "@/nouns/sessions/data";
import { useForensics, type Chosen } from "@/nouns/answers/forensics";
import { useLanes } from "@/nouns/sessions/lanes";
import { usePairLanes } from "./pair_lanes";
import { usePlayer } from "@/nouns/video/player";
import { useScenes } from "@/nouns/video/scenes";

/** A flag is shown with this much before it. */
const LEAD_US = 3_000_000;
/** The live edge of an open session: this far behind now there is video. */
const EDGE_US = 8_000_000;

/** What the page shows: the recording with its timeline, or the comparison of answers. */
export type View = "playback" | "answers";

export function useDesk(id: string) {
  const route = useRoute();
  const router = useRouter();
  const text = (key: string) => (typeof route.query[key] === "string" ? (route.query[key] as string) : "");
  const data = useSession(id);
  const scenes = useScenes(id);
  const forensics = useForensics(id);
  const view = ref<View>(text("view") === "answers" ? "answers" : "playback");
  const video = shallowRef<HTMLVideoElement | null>(null);
  const roomId = ref(text("room"));
  const camera = ref("");
  /** The camera whose files the player has; another one than `camera` while they are being fetched. */
  let opened = "";
  /** Why no list of files came, as long as the page says so. */
  let complaint: unknown = null;
  /** What a person chooses ends whatever was still being fetched for an earlier choice. */
  const wishes = turns();
  const seat = ref("");
  const selected = ref<string | null>(null);
  const onlyOpen = ref(false);
  const overlay = ref(true);
  const reels = shallowRef<ReadonlyMap<string, readonly Reel[]>>(new Map());
  const wallUs = ref(Date.now() * 1000);
  const window_ = ref<Interval>({ fromUs: 0, toUs: 1 });
  const session = data.session;
  const player = usePlayer(video, grow, () => session.value?.state === "open");

  const room = computed(() => session.value?.rooms.find((r) => r.id === roomId.value) ?? session.value?.rooms[0] ?? null);
  const open = computed(() => session.value?.state === "open");
  const bounds = computed<Interval>(() => {
    const s = session.value;
    if (!s) return { fromUs: 0, toUs: 1 };
    const first = Math.min(s.opened_us ?? s.starts_us, ...data.incidents.value.slice(0, 1).map((i) => i.from_us));
    const last = s.closed_us ?? (open.value ? wallUs.value : s.ends_us);
    return { fromUs: first, toUs: Math.max(last, first + 1_000_000) };
  });
  const { cameras, seats, gapAt } = useLanes(room, data, camera, reels, bounds);
  const pairLanes = usePairLanes(session, data, forensics, camera, reels, bounds);

  const listed = computed(() =>
    data.incidents.value.filter(
      (i) => i.room.id === room.value?.id && (!seat.value || i.seats.includes(seat.value)) && (!onlyOpen.value || i.state === "open" || i.id === selected.value),
    ),
  );
  const incident = computed(() => data.incidents.value.find((i) => i.id === selected.value) ?? null);
  const now = player.nowUs;
  const activeFlags = computed(() => data.incidents.value.filter((i) => i.from_us <= now.value && now.value <= i.to_us && i.state !== "dismissed" && !i.withdrawn && !ANSWER_KINDS.has(i.kind)));

  const asking = new Map<string, Promise<readonly Reel[]>>();
  /** A camera's files as they are now; asked once at a time, so that an older list never comes after a newer one. */
  function reelsOf(name: string): Promise<readonly Reel[]> {
    const there = asking.get(name);
    if (there) return there;
    const asked = videoCalls
      .reels(id, name)
      .then(({ reels: list }) => {
        reels.value = new Map(reels.value).set(name, list);
        return list;
      })
      .finally(() => asking.delete(name));
    asking.set(name, asked);
    return asked;
  }

  /** The recording may have grown since it was asked for. */
  async function grow(): Promise<void> {
    const name = camera.value;
    if (!name) return;
    if (name !== opened) return show(name, player.nowUs.value);
    try {
      const list = await reelsOf(name);
      if (opened === name) player.setReels(list);
    } catch {
      // the player stands at the end and says so
    }
  }

  /** A camera at a moment. What is chosen while its list is on its way counts: the newest camera, the newest moment. */
  async function show(name: string, us: number): Promise<void> {
    const wanted = wishes.take();
    camera.value = name;
    if (opened === name) {
      if (open.value && us > player.endUs.value) await grow();
      if (wanted()) player.seek(us);
      return;
    }
    opened = "";
    player.expect(us);
    try {
      let list = reels.value.get(name);
      if (!list || (open.value && us > (list[list.length - 1]?.end_us ?? 0))) list = await reelsOf(name);
      if (!wanted()) return;
      opened = name;
      if (data.failure.value === complaint) data.failure.value = null;
      player.open(list);
    } catch (cause) {
      if (!wanted()) return;
      data.failure.value = complaint = cause;
      player.fail();
    }
  }
  const showCamera = (name: string) => show(name, now.value || bounds.value.fromUs);

  /** To a moment; near the end of an open session the newest reels are asked for first. */
  async function seek(us: number): Promise<void> {
    keepInView(us);
    if (camera.value) await show(camera.value, us);
    else player.seek(us);
  }

  function cameraFor(i: IncidentSummary): string {
    const here = session.value?.rooms.find((r) => r.id === i.room.id);
    const own = here?.cameras.map((c) => c.id) ?? [];
    const named = i.cameras.find((c) => own.includes(c));
    const seen = here?.seats.filter((s) => i.seats.includes(s.id)).flatMap((s) => s.polygons.map((p) => p.camera ?? ""));
    return named ?? seen?.find((c) => own.includes(c)) ?? own[0] ?? "";
  }

  /** The address says what is looked at, so that it can be passed on. */
  function remember(query: Record<string, string | undefined>): void {
    void router.replace({ query: { ...route.query, room: undefined, at: undefined, ...query } });
  }

  function setView(to: View): void {
    if (view.value === to) return;
    enter(to);
    remember({ view: to === "answers" ? to : undefined });
  }
  function enter(to: View): void {
    view.value = to;
    if (to === "playback") return;
    player.pause();
    if (forensics.report.value?.state !== "done") void forensics.load();
  }

  /** A flag about answers is about the whole session: their comparison says more than any moment of the recording. */
  function chooseAnswers(i: IncidentSummary): void {
    forensics.chooseFor(i);
    enter("answers");
    const first = room.value?.cameras[0];
    if (!camera.value && first) void show(first.id, now.value || bounds.value.fromUs);
    else if (!camera.value) showNothing(now.value || bounds.value.fromUs);
    remember({ incident: i.id, view: "answers" });
  }

  /** A pair of the list, and the flag that was made of it. */
  function choosePair(pair: Chosen & { incident: string | null }): void {
    forensics.choosePair(pair);
    const flag = data.incidents.value.find((i) => i.id === pair.incident);
    selected.value = flag?.id ?? null;
    if (flag) {
      if (seat.value && !flag.seats.includes(seat.value)) chooseSeat("");
      roomId.value = flag.room.id;
    }
    remember({ incident: flag?.id, view: "answers" });
  }

  function chooseId(name: string): void {
    const found = data.incidents.value.find((i) => i.id === name);
    if (found) choose(found);
  }

  function choose(i: IncidentSummary, play = true): void {
    selected.value = i.id;
    if (seat.value && !i.seats.includes(seat.value)) chooseSeat("");
    roomId.value = i.room.id;
    if (ANSWER_KINDS.has(i.kind)) return chooseAnswers(i);
    enter("playback");
    const at = Math.max(i.from_us - LEAD_US, bounds.value.fromUs);
    const name = cameraFor(i);
    if (play && name) player.playing.value = true;
    if (name) void show(name, at);
    else showNothing(at);
    keepInView(at);
    remember({ incident: i.id, view: undefined });
  }

  function neighbour(step: 1 | -1): void {
    const list = listed.value;
    if (list.length === 0) return;
    const at = list.findIndex((i) => i.id === selected.value);
    const next = at >= 0 ? list[at + step] : step > 0 ? list.find((i) => i.from_us > now.value) : [...list].reverse().find((i) => i.from_us < now.value);
    if (next) choose(next);
  }

  /** The next undecided flag here, else the worthiest of the queue. */
  async function nextOpen(): Promise<void> {
    const list = data.incidents.value.filter((i) => i.state === "open" && i.id !== selected.value);
    const here = list.find((i) => i.from_us >= (incident.value?.from_us ?? 0)) ?? list[0];
    if (here && text("from") !== "queue") return choose(here);
    const wanted = wishes.join();
    let first: IncidentSummary | undefined;
    try {
      first = (await incidentCalls.incidents({ limit: 1 })).incidents[0] ?? here;
    } catch (cause) {
      if (wanted()) data.failure.value = cause;
      return;
    }
    // Whoever chose something else meanwhile, or left, stays with it.
    if (!wanted()) return;
    if (!first) return void router.push({ name: "queue" });
    const worthiest = first;
    if (worthiest.session.id === id) return choose(data.incidents.value.find((i) => i.id === worthiest.id) ?? worthiest);
    await router.push({ name: "session", params: { session: worthiest.session.id }, query: { incident: worthiest.id, from: "queue" } });
  }

  function chooseSeat(name: string): void {
    seat.value = name;
    data.chooseSeat(name);
  }
  function showNothing(us: number): void {
    wishes.end();
    camera.value = opened = "";
    // Nothing is waited for where nothing can come.
    player.pause();
    player.open([], us);
  }
  function chooseRoom(name: string): void {
    roomId.value = name;
    chooseSeat("");
    // A flag nobody sees any more is not to be decided by a key.
    if (incident.value && incident.value.room.id !== name) selected.value = null;
    const first = room.value?.cameras[0];
    const us = now.value || bounds.value.fromUs;
    if (first) void show(first.id, us);
    else showNothing(us);
  }
  const toEdge = () => {
    player.playing.value = true;
    void seek(wallUs.value - EDGE_US);
  };

  function keepInView(us: number): void {
    window_.value = follow(window_.value, us, bounds.value);
  }

  async function begin(): Promise<void> {
    const untouched = wishes.join();
    await data.load();
    const s = session.value;
    // The page is there before all of its flags are: whoever has chosen something by now keeps it.
    if (!s || !untouched()) return;
    player.playing.value = view.value === "playback";
    const asked = data.incidents.value.find((i) => i.id === text("incident"));
    if (asked) return choose(asked);
    const first = room.value?.cameras[0];
    const askedUs = Number(text("at"));
    const flag = data.incidents.value.find((i) => i.room.id === room.value?.id && i.state === "open" && !ANSWER_KINDS.has(i.kind));
    if (view.value === "answers") enter("answers");
    else if (flag && !askedUs) return choose(flag);
    const at = askedUs || bounds.value.fromUs;
    if (!first) return showNothing(at);
    camera.value = first.id;
    player.expect(at);
    // Without a wish of anybody's: from the first picture on.
    const list = askedUs ? [] : await reelsOf(first.id).catch(() => [] as readonly Reel[]);
    if (untouched()) await show(first.id, list[0]?.start_us ?? at);
  }

  watch([now, camera, overlay], ([us]) => {
    if (camera.value && overlay.value) scenes.at(camera.value, us, open.value ? wallUs.value : bounds.value.toUs);
  });
  watch(now, (us) => {
    if (player.playing.value) keepInView(us);
  });
  // While the session is open the timeline grows; a window that showed all of it goes on showing all of it.
  watch(bounds, (after, before) => {
    const whole = window_.value.toUs >= before.toUs - 1_500_000 && window_.value.fromUs <= before.fromUs;
    if (whole) window_.value = { ...after };
  });
  const tick = window.setInterval(() => {
    if (open.value) wallUs.value = Date.now() * 1000;
  }, 1000);
  // New flags mean new video: the lane shows how far it reaches.
  const ending = live.on("incident", (push) => {
    if (push.incident.session.id === id && open.value) void grow();
  });
  onMounted(() => void begin());
  onBeforeUnmount(() => {
    wishes.end(true);
    window.clearInterval(tick);
    ending();
  });

  return {
    data, session, room, roomId, camera, seat, selected, incident, onlyOpen, overlay, player, video, scene: scenes.scene, bounds, open,
    timeWindow: window_, cameras, seats, gapAt, listed, activeFlags, begin, choose, chooseId, choosePair, chooseRoom, chooseSeat, neighbour, nextOpen, seek, setView, showCamera, toEdge, view,
    forensics, pairLanes,
  };
}

export type Desk = ReturnType<typeof useDesk>;
