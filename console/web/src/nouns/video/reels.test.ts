import { describe, expect, it } from "vitest";
import { mediaTime, reelAfter, reelAt, wallTime } from "./reels";

const s = 1_000_000;
const reels = [
  { start_us: 100 * s, end_us: 160 * s, url: "a" },
  { start_us: 160.4 * s, end_us: 220 * s, url: "b" },
  { start_us: 300 * s, end_us: 330 * s, url: "c" },
];

describe("reels", () => {
  it("are found by time", () => {
    expect(reelAt(reels, 100 * s)).toBe(0);
    expect(reelAt(reels, 219 * s)).toBe(1);
    expect(reelAt(reels, 250 * s)).toBe(-1);
    expect(reelAt(reels, 10 * s)).toBe(-1);
    expect(reelAt(reels, 330 * s)).toBe(-1);
    expect(reelAt([], 5)).toBe(-1);
  });
  it("have joints that are no gaps", () => {
    expect(reelAt(reels, 160.2 * s)).toBe(1);
    expect(mediaTime(reels[1]!, 160.2 * s)).toBe(0);
  });
  it("say what comes after a gap", () => {
    expect(reelAfter(reels, 250 * s)).toBe(2);
    expect(reelAfter(reels, 310 * s)).toBe(-1);
  });
  it("turn wall time into media time and back", () => {
    expect(mediaTime(reels[0]!, 112.25 * s)).toBeCloseTo(12.25);
    expect(wallTime(reels[0]!, 12.25)).toBe(112.25 * s);
  });
});
