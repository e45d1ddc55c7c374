// Which file shows which moment: a camera's reels and what lies between them. Pure.
import type { Reel } from "@/api/types";
import { lastBefore } from "@/kit/timeline";

/** Joints shorter than this are no gap: the next reel begins with the key frame that follows. */
export const JOINT_US = 1_000_000;

/** Index of the reel that shows `us`, or -1. A moment in a joint belongs to the reel after it. */
export function reelAt(reels: readonly Reel[], us: number): number {
  const i = lastBefore(reels, (r) => r.start_us, us);
  if (i >= 0 && us < reels[i]!.end_us) return i;
  const next = i + 1;
  return next < reels.length && reels[next]!.start_us - us <= JOINT_US ? next : -1;
}

/** Index of the first reel that begins after `us`, or -1. */
export function reelAfter(reels: readonly Reel[], us: number): number {
  const i = lastBefore(reels, (r) => r.start_us, us) + 1;
  return i < reels.length ? i : -1;
}

/** Seconds into the file for a moment. */
export function mediaTime(reel: Reel, us: number): number {
  return Math.max(0, Math.min(us, reel.end_us) - reel.start_us) / 1_000_000;
}

export function wallTime(reel: Reel, seconds: number): number {
  return reel.start_us + Math.round(seconds * 1_000_000);
}
