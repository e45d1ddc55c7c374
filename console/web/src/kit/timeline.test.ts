import { describe, expect, it } from "vitest";
import { bin, fit, follow, gapsIn, lastBefore, pack, ticks, toUs, toX, zoom, MIN_SPAN_US } from "./timeline";

const s = 1_000_000;
const bounds = { fromUs: 0, toUs: 3600 * s };

describe("scale", () => {
  it("goes to pixels and back", () => {
    const scale = { fromUs: 100 * s, toUs: 200 * s, width: 500 };
    expect(toX(scale, 150 * s)).toBe(250);
    expect(toUs(scale, 250)).toBe(150 * s);
    expect(toUs(scale, toX(scale, 123_456_789))).toBeCloseTo(123_456_789, 3);
  });
  it("does not divide by nothing", () => {
    expect(toX({ fromUs: 5, toUs: 5, width: 100 }, 5)).toBe(0);
    expect(toUs({ fromUs: 5, toUs: 9, width: 0 }, 50)).toBe(5);
  });
});

describe("zoom", () => {
  it("keeps the anchor where it is on the screen", () => {
    const before = { fromUs: 600 * s, toUs: 1200 * s };
    const anchor = 750 * s;
    const after = zoom(before, 0.5, anchor, bounds);
    const share = (w: { fromUs: number; toUs: number }) => (anchor - w.fromUs) / (w.toUs - w.fromUs);
    expect(after.toUs - after.fromUs).toBe(300 * s);
    expect(share(after)).toBeCloseTo(share(before), 9);
  });
  it("never leaves the bounds and never passes the smallest span", () => {
    expect(zoom({ fromUs: 0, toUs: 600 * s }, 100, 10 * s, bounds)).toEqual(bounds);
    const tiny = zoom({ fromUs: 0, toUs: 2 * s }, 0.001, s, bounds);
    expect(tiny.toUs - tiny.fromUs).toBe(MIN_SPAN_US);
  });
  it("fits a window that hangs over an edge", () => {
    expect(fit({ fromUs: -50 * s, toUs: 50 * s }, bounds)).toEqual({ fromUs: 0, toUs: 100 * s });
    expect(fit({ fromUs: 3590 * s, toUs: 3700 * s }, bounds)).toEqual({ fromUs: 3490 * s, toUs: 3600 * s });
  });
});

describe("follow", () => {
  const window = { fromUs: 600 * s, toUs: 700 * s };
  it("stays while the cursor is well inside", () => {
    expect(follow(window, 650 * s, bounds)).toBe(window);
  });
  it("moves on when the cursor leaves", () => {
    const moved = follow(window, 720 * s, bounds);
    expect(moved.fromUs).toBeLessThanOrEqual(720 * s);
    expect(moved.toUs).toBeGreaterThan(720 * s);
    expect(moved.toUs - moved.fromUs).toBe(100 * s);
  });
  it("does not jitter at the end of the session", () => {
    const last = { fromUs: 3500 * s, toUs: 3600 * s };
    expect(follow(last, 3599 * s, bounds)).toBe(last);
  });
});

describe("ticks", () => {
  it("are round on the China clock and far enough apart", () => {
    const scale = { fromUs: 7 * s, toUs: 607 * s, width: 600 };
    const { stepUs, at } = ticks(scale, 80, 8 * 3600 * s);
    expect(stepUs).toBe(120 * s);
    expect(at.map((us) => us / s)).toEqual([120, 240, 360, 480, 600]);
  });
});

describe("packing and binning", () => {
  it("puts overlapping flags on rows of their own and reuses rows", () => {
    const packed = pack([
      { fromUs: 0, toUs: 10 },
      { fromUs: 5, toUs: 15 },
      { fromUs: 10, toUs: 20 },
    ]);
    expect(packed).toEqual({ rows: 2, row: [0, 1, 0] });
  });
  it("groups what falls on the same pixels and drops what is out of view", () => {
    const bins = bin([0, 1, 2, 50, 500], (x) => x, { fromUs: 0, toUs: 100, width: 100 }, 4);
    expect(bins.map((b) => b.items)).toEqual([[0, 1, 2], [50]]);
  });
  it("finds the last element before a time", () => {
    const list = [10, 20, 30];
    expect(lastBefore(list, (x) => x, 5)).toBe(-1);
    expect(lastBefore(list, (x) => x, 20)).toBe(1);
    expect(lastBefore(list, (x) => x, 99)).toBe(2);
  });
  it("lists gaps, ignoring joints smaller than the tolerance", () => {
    const covered = [
      { fromUs: 40, toUs: 60 },
      { fromUs: 0, toUs: 39 },
    ];
    expect(gapsIn({ fromUs: 0, toUs: 100 }, covered, 2)).toEqual([{ fromUs: 60, toUs: 100 }]);
    expect(gapsIn({ fromUs: 0, toUs: 100 }, [])).toEqual([{ fromUs: 0, toUs: 100 }]);
  });
});
