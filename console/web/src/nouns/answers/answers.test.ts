import { describe, expect, it } from "vitest";
import { lag, likeness, lines, seatPlaces } from "./answers";

describe("two answers to an item", () => {
  it("are the same, the same and wrong, different, or missing", () => {
    expect(likeness({ key: "A", a: "A", b: "A" })).toBe("same");
    expect(likeness({ key: "A", a: "B", b: "B" })).toBe("shared_wrong");
    expect(likeness({ key: "A", a: "A", b: "B" })).toBe("different");
    expect(likeness({ key: "A", a: "", b: "B" })).toBe("one_missing");
    expect(likeness({ key: "A", a: "", b: "" })).toBe("both_missing");
  });
  it("are never called wrong without a key", () => {
    expect(likeness({ key: "", a: "B", b: "B" })).toBe("same");
  });
});

describe("following", () => {
  const item = (a: string, b: string, a_us: number | null, b_us: number | null) => ({ item: "1", key: "A", a, b, a_us, b_us });
  it("counts equal answers given shortly after the other's, by direction", () => {
    const s = 1_000_000;
    expect(lag([item("A", "A", 0, 5 * s), item("B", "B", 0, 15 * s), item("C", "C", 20 * s, 6 * s), item("A", "A", 0, 16 * s), item("A", "B", 0, s), item("A", "A", 0, 0)])).toEqual({ timed: 5, bAfterA: 2, aAfterB: 1 });
  });
  it("leaves out what has no time or no answer", () => {
    expect(lag([item("A", "A", null, 5), item("", "", 1, 2)])).toEqual({ timed: 0, bAfterA: 0, aAfterB: 0 });
  });
});

describe("lines and seats", () => {
  it("cut a list without losing any of it", () => {
    expect(lines([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]]);
    expect(lines([1], 0)).toEqual([[1]]);
    expect(lines([], 7)).toEqual([]);
  });
  it("place seats by row and column from the smallest ones", () => {
    const map = seatPlaces([{ id: "a", row: 3, column: 2 }, { id: "b", row: 4, column: 4 }], { width: 40, height: 30 });
    expect(map.places.get("a")).toEqual({ x: 20, y: 15 });
    expect(map.places.get("b")).toEqual({ x: 100, y: 45 });
    expect([map.width, map.height]).toEqual([120, 60]);
    const unplaced = seatPlaces([1, 2, 3, 4].map((n) => ({ id: String(n), row: 0, column: 0 })), { width: 10, height: 10 });
    expect(new Set([...unplaced.places.values()].map((p) => `${p.x},${p.y}`)).size).toBe(4);
    expect(seatPlaces([], { width: 1, height: 1 })).toMatchObject({ width: 0, height: 0 });
  });
});
