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

export function usePlayer(video: Ref<HTMLVideoElement | null>, more: () => Promise<void>) {
  const reels = shallowRef<readonly Reel[]>([]);
  const nowUs = ref(0);
  const playing = ref(false);
  const rate = ref(1);
  const muted = ref(true);
  const state = ref<PlayerState>("empty");
  const skipped = ref<Skip | null>(null);
  let index = -1;
  let url = "";
  let queued: number | null = null;
  let frameS = FRAME_S;
  let lastFrame = -1;
  let callback = 0;

  const reel = () => reels.value[index];

  function stand(at: PlayerState, us: number): void {
    video.value?.pause();
    state.value = at;
    nowUs.value = us;
  }

  function resume(): void {
    const element = video.value;
    if (!element || !playing.value) return;
    element.playbackRate = rate.value;
    // A refusal (the browser wants a click first) shows as paused.
    element.play().catch(() => (playing.value = !element.paused));
  }

  function show(i: number, us: number): void {
    const element = video.value;
    const target = reels.value[i];
    if (!element || !target) return;
    index = i;
    nowUs.value = Math.max(us, target.start_us);
    if (url !== target.url) {
      url = target.url;
      queued = nowUs.value;
      state.value = "loading";
      lastFrame = -1;
      element.src = url;
      element.load();
      return;
    }
    if (element.readyState === 0 || element.seeking) {
      queued = nowUs.value;
      return;
    }
    element.currentTime = mediaTime(target, nowUs.value);
    state.value = "ready";
    resume();
  }

  function seek(us: number): void {
    skipped.value = null;
    const i = reelAt(reels.value, us);
    if (i >= 0) show(i, us);
    else stand(reels.value.length === 0 ? "empty" : reelAfter(reels.value, us) < 0 ? "end" : "gap", us);
  }

  /** On with the next file; says what was skipped, and at the end asks whether the recording has grown. */
  async function onward(): Promise<void> {
    const from = reel()?.end_us ?? nowUs.value;
    let next = reelAfter(reels.value, Math.max(nowUs.value, from - JOINT_US));
    if (next < 0 || next === index) {
      await more();
      const grown = reelAt(reels.value, from);
      next = grown >= 0 ? grown : reelAfter(reels.value, from);
    }
    const target = reels.value[next];
    if (!target) {
      playing.value = false;
      return stand("end", from);
    }
    const start = Math.max(target.start_us, from);
    if (target.start_us - from > JOINT_US) skipped.value = { fromUs: from, toUs: target.start_us };
    show(next, start);
  }

  function play(): void {
    playing.value = true;
    if (state.value === "gap" || state.value === "end") void onward();
    else resume();
  }
  function pause(): void {
    playing.value = false;
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
    index = reelAt(list, nowUs.value);
  }
  /** Another camera: same moment, other files. */
  function open(list: readonly Reel[], us: number): void {
    url = "";
    index = -1;
    reels.value = list;
    seek(us);
  }

  const handlers: Record<string, () => void> = {
    loadedmetadata: () => {
      const target = reel();
      if (target && queued !== null) video.value!.currentTime = mediaTime(target, queued);
      queued = null;
      state.value = "ready";
      resume();
    },
    seeked: () => {
      const target = reel();
      if (queued !== null && target) {
        const us = queued;
        queued = null;
        video.value!.currentTime = mediaTime(target, us);
      } else resume();
    },
    timeupdate: () => tell(video.value!.currentTime),
    ended: () => void onward(),
    error: () => {
      if (!video.value?.getAttribute("src")) return;
      playing.value = false;
      state.value = "failed";
    },
  };

  function tell(seconds: number): void {
    const target = reel();
    if (!target || !video.value || video.value.seeking || queued !== null || state.value !== "ready") return;
    nowUs.value = wallTime(target, seconds);
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
    if (video.value) release(video.value);
  });

  function retry(): void {
    const us = nowUs.value;
    url = "";
    seek(us);
  }
  const endUs = computed(() => reels.value[reels.value.length - 1]?.end_us ?? 0);
  return { reels, nowUs, playing, rate, muted, state, skipped, endUs, seek, play, pause, toggle, step, setReels, open, retry };
}

export type Player = ReturnType<typeof usePlayer>;
