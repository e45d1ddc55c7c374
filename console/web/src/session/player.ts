// Plays a camera's reels as one recording in wall time: seeks across files, skips gaps, asks for more at the growing end.
import { computed, onBeforeUnmount, ref, shallowRef, watch, type Ref } from "vue";
import type { Reel } from "@/api/types";
import { JOINT_US, mediaTime, reelAfter, reelAt, wallTime } from "@/lib/reels";

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
 * `more` asks for the reels anew; `growing` says whether more may come.
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
  let loaded: Reel | null = null;
  let waiting: number | undefined;
  let queued: number | null = null;
  let frameS = FRAME_S;
  let lastFrame = -1;
  let callback = 0;

  function stand(at: PlayerState, us: number): void {
    video.value?.pause();
    queued = null;
    state.value = at;
    nowUs.value = us;
  }

  function resume(): void {
    const element = video.value;
    if (!element || !playing.value || state.value !== "ready") return;
    element.playbackRate = rate.value;
    // A refusal (the browser wants a click first) shows as paused.
    element.play().catch(() => (playing.value = !element.paused));
  }

  function show(i: number, us: number): void {
    const element = video.value;
    const target = reels.value[i];
    if (!element || !target) return;
    nowUs.value = Math.max(us, target.start_us);
    if (!loaded || state.value === "failed" || loaded.start_us !== target.start_us || (loaded.url !== target.url && nowUs.value >= loaded.end_us)) {
      loaded = target;
      queued = nowUs.value;
      state.value = "loading";
      lastFrame = -1;
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
    skipped.value = null;
    window.clearTimeout(waiting);
    const i = reelAt(reels.value, us);
    if (i >= 0) return show(i, us);
    const later = reelAfter(reels.value, us) >= 0;
    stand(later ? "gap" : reels.value.length > 0 ? "end" : "empty", us);
    // Whoever wants to see it gets it as soon as it is there; where there will be nothing, nothing plays.
    if (playing.value && !later) void onward();
  }

  /** On with the next file; says what was skipped, and at the end asks whether the recording has grown. */
  async function onward(): Promise<void> {
    const standing = state.value === "gap" || state.value === "end" || state.value === "empty";
    const from = standing || !loaded ? nowUs.value : loaded.end_us;
    const onTo = () => {
      const here = reelAt(reels.value, from);
      return here >= 0 ? here : reelAfter(reels.value, from);
    };
    let next = onTo();
    if (next < 0 && growing()) {
      await more();
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
    show(next, Math.max(target.start_us, from));
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
  /** Another camera: same moment, other files. */
  function open(list: readonly Reel[], us: number): void {
    if (loaded) {
      loaded = null;
      // What the other camera's file still has to say concerns nobody any more.
      video.value?.removeAttribute("src");
      video.value?.load();
    }
    reels.value = list;
    seek(us);
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
    window.clearTimeout(waiting);
    if (video.value) release(video.value);
  });

  function retry(): void {
    loaded = null;
    playing.value = true;
    seek(nowUs.value);
  }
  const endUs = computed(() => reels.value[reels.value.length - 1]?.end_us ?? 0);
  return { reels, nowUs, playing, rate, muted, state, skipped, endUs, seek, play, pause, toggle, step, setReels, open, retry };
}

export type Player = ReturnType<typeof usePlayer>;
