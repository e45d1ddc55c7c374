// Plays a camera's reels as one recording in wall time: seeks across files, skips gaps, asks for more at the growing end.
import { computed, onBeforeUnmount, ref, shallowRef, watch, type Ref } from "vue";
import type { Reel } from "@/api/types";
import { JOINT_US, mediaTime, reelAfter, reelAt, wallTime } from "./reels";
import { turns } from "@/kit/turns";

export type PlayerState = "empty" | "loading" | "ready" | "gap" | "end" | "failed";

export interface Skip {
  fromUs: number;
  toUs: number;
}

/** A frame's length until the video has shown two. */
const FRAME_S = 1 / 25;

/** At the growing end of an open session: how long until the next look for new video, while somebody waits for it. */
const AGAIN_MS = 2500;

/**
 * `more` asks for the reels anew (after `expect`: again for the list it waits for); `growing` says whether more may come.
 * The file in the element is `loaded`: the list may know a longer version of it by now.
 */
export function usePlayer(video: Ref<HTMLVideoElement | null>, more: () => Promise<void>, growing: () => boolean) {
  const reels = shallowRef<readonly Reel[]>([]);
  const nowUs = ref(0);
  const playing = ref(false);
  const rate = ref(1);
  const muted = ref(true);
  const state = ref<PlayerState>("empty");
  const skipped = ref<Skip | null>(null);
  /** From one file to the next of the same recording: the last picture stands until the next one is there. */
  const joining = ref(false);
  let loaded: Reel | null = null;
  /** Another camera's list of files is on its way: a moment can be chosen, nothing can be shown yet. */
  let expecting = false;
  const wishes = turns();
  let waiting: number | undefined;
  let queued: number | null = null;
  let frameS = FRAME_S;
  let lastFrame = -1;
  let callback = 0;

  function stand(at: PlayerState, us: number): void {
    video.value?.pause();
    joining.value = false;
    queued = null;
    state.value = at;
    nowUs.value = us;
  }

  function resume(): void {
    const element = video.value;
    if (!element || !playing.value || state.value !== "ready") return;
    // To play on from a file's end is to go on to the next; the element would begin the file again.
    if (element.ended) return void onward();
    element.playbackRate = rate.value;
    // A refusal (the browser wants a click first) shows as paused. A file that gives way to the next one is no refusal.
    element.play().catch((cause: unknown) => {
      if (!(cause instanceof DOMException && cause.name === "AbortError")) playing.value = !element.paused;
    });
  }

  function show(i: number, us: number, seamless = false): void {
    const element = video.value;
    const target = reels.value[i];
    if (!element || !target) return;
    nowUs.value = Math.max(us, target.start_us);
    if (!loaded || state.value === "failed" || loaded.start_us !== target.start_us || (loaded.url !== target.url && nowUs.value >= loaded.end_us)) {
      loaded = target;
      queued = nowUs.value;
      state.value = "loading";
      lastFrame = -1;
      joining.value = seamless;
      element.src = target.url;
      element.load();
      return;
    }
    if (element.readyState === 0 || element.seeking) {
      queued = nowUs.value;
      state.value = element.readyState === 0 ? "loading" : "ready";
      return;
    }
    element.currentTime = mediaTime(loaded, nowUs.value);
    state.value = "ready";
    resume();
  }

  function seek(us: number): void {
    wishes.end();
    skipped.value = null;
    window.clearTimeout(waiting);
    if (expecting) {
      nowUs.value = us;
      return;
    }
    const i = reelAt(reels.value, us);
    if (i >= 0) return show(i, us);
    const later = reelAfter(reels.value, us) >= 0;
    stand(later ? "gap" : reels.value.length > 0 ? "end" : "empty", us);
    // Whoever wants to see it gets it as soon as it is there; where there will be nothing, nothing plays.
    if (playing.value && !later) void onward();
  }

  /** On with the next file; says what was skipped, and at the end asks whether the recording has grown. */
  async function onward(): Promise<void> {
    const wanted = wishes.take();
    const standing = state.value === "gap" || state.value === "end" || state.value === "empty";
    const from = standing || !loaded ? nowUs.value : loaded.end_us;
    const onTo = () => {
      const here = reelAt(reels.value, from);
      return here >= 0 ? here : reelAfter(reels.value, from);
    };
    let next = onTo();
    if (next < 0 && growing()) {
      await more();
      if (!wanted()) return;
      next = onTo();
    }
    const target = reels.value[next];
    if (!target) {
      stand(reels.value.length > 0 ? "end" : "empty", from);
      playing.value = playing.value && growing();
      window.clearTimeout(waiting);
      if (playing.value) waiting = window.setTimeout(() => playing.value && state.value !== "ready" && void onward(), AGAIN_MS);
      return;
    }
    if (target.start_us - from > JOINT_US) skipped.value = { fromUs: from, toUs: target.start_us };
    show(next, Math.max(target.start_us, from), !standing && target.start_us - from <= JOINT_US);
  }

  function play(): void {
    playing.value = true;
    if (state.value === "gap" || state.value === "end" || state.value === "empty") void onward();
    else resume();
  }
  function pause(): void {
    playing.value = false;
    window.clearTimeout(waiting);
    video.value?.pause();
  }
  const toggle = () => (playing.value ? pause() : play());
  function step(frames: number): void {
    pause();
    seek(nowUs.value + Math.round(frames * frameS * 1_000_000));
  }

  /** New or longer reels; what plays goes on playing. */
  function setReels(list: readonly Reel[]): void {
    reels.value = list;
  }
  /** Nothing of the file that was shown concerns anybody any more. */
  function unload(): void {
    joining.value = false;
    if (!loaded) return;
    loaded = null;
    queued = null;
    video.value?.removeAttribute("src");
    video.value?.load();
  }
  /** Another camera, whose list of files is still being fetched: the picture goes, the moment stays choosable. */
  function expect(us: number): void {
    wishes.end();
    window.clearTimeout(waiting);
    unload();
    skipped.value = null;
    expecting = true;
    reels.value = [];
    nowUs.value = us;
    state.value = "loading";
  }
  /** The files of a camera, at a moment: the one given, else the one chosen since `expect`. */
  function open(list: readonly Reel[], us = nowUs.value): void {
    unload();
    expecting = false;
    reels.value = list;
    seek(us);
  }
  /** The list could not be fetched; a retry asks for it again. */
  function fail(): void {
    playing.value = false;
    state.value = "failed";
  }

  const handlers: Record<string, () => void> = {
    loadedmetadata: () => {
      // Whoever has gone into a gap meanwhile stays there.
      if (!loaded || state.value !== "loading") return;
      if (queued !== null) video.value!.currentTime = mediaTime(loaded, queued);
      queued = null;
      state.value = "ready";
      resume();
    },
    seeked: () => {
      if (queued !== null && loaded) {
        const us = queued;
        queued = null;
        video.value!.currentTime = mediaTime(loaded, us);
      } else resume();
    },
    timeupdate: () => tell(video.value!.currentTime),
    ended: () => void onward(),
    error: () => {
      if (!loaded || !video.value?.getAttribute("src")) return;
      playing.value = false;
      state.value = "failed";
    },
  };

  function tell(seconds: number): void {
    if (!loaded || !video.value || video.value.seeking || queued !== null || state.value !== "ready") return;
    nowUs.value = wallTime(loaded, seconds);
  }

  function frame(_now: number, data: { mediaTime: number }): void {
    const delta = data.mediaTime - lastFrame;
    if (lastFrame >= 0 && delta > 0.005 && delta < 0.25) frameS = delta;
    lastFrame = data.mediaTime;
    if (state.value === "ready" && !video.value?.seeking) joining.value = false;
    tell(data.mediaTime);
    callback = video.value?.requestVideoFrameCallback(frame) ?? 0;
  }

  function release(element: HTMLVideoElement): void {
    for (const [name, handler] of Object.entries(handlers)) element.removeEventListener(name, handler);
    element.cancelVideoFrameCallback(callback);
    element.pause();
    element.removeAttribute("src");
    element.load();
  }
  watch(
    video,
    (element, before) => {
      if (before) release(before);
      if (!element) return;
      for (const [name, handler] of Object.entries(handlers)) element.addEventListener(name, handler);
      callback = element.requestVideoFrameCallback(frame);
    },
    { immediate: true },
  );
  watch(rate, (value) => {
    if (video.value) video.value.playbackRate = value;
  });
  onBeforeUnmount(() => {
    wishes.end(true);
    window.clearTimeout(waiting);
    if (video.value) release(video.value);
  });

  function retry(): void {
    playing.value = true;
    if (expecting) return void more();
    loaded = null;
    seek(nowUs.value);
  }
  const endUs = computed(() => reels.value[reels.value.length - 1]?.end_us ?? 0);
  return { reels, nowUs, playing, rate, muted, state, skipped, joining, endUs, seek, play, pause, toggle, step, setReels, expect, open, fail, retry };
}

export type Player = ReturnType<typeof usePlayer>;
