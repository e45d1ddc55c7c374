import { describe, expect, it } from "vitest";
import { rarity, scientific } from "./probability";

describe("small probabilities", () => {
  it("are written with a power of ten", () => {
    expect([0.034, 0.5, 1.24e-9, 9.96e-5, 0, null].map(scientific)).toEqual(["0.034", "0.5", "1.2×10⁻⁹", "1.0×10⁻⁴", "<10⁻³⁰⁰", "–"]);
  });
  it("are said as once in so many, never rarer than they are", () => {
    expect(rarity(1, true)).toEqual({ kind: "usual", n: 1, unit: "one" });
    expect(rarity(0.034, true)).toEqual({ kind: "rare", n: 29, unit: "one" });
    expect(rarity(1 / 1770, true)).toEqual({ kind: "rare", n: 1700, unit: "one" });
    expect(rarity(1 / 1770, false)).toEqual({ kind: "rare", n: 1, unit: "thousand" });
    expect(rarity(1.2e-6, true)).toEqual({ kind: "rare", n: 83, unit: "ten_thousand" });
    expect(rarity(1.2e-6, false)).toEqual({ kind: "rare", n: 830, unit: "thousand" });
    expect(rarity(1e-4, true)).toEqual({ kind: "rare", n: 1, unit: "ten_thousand" });
    expect(rarity(4e-9, false).kind).toBe("beyond");
    expect(rarity(0, true).kind).toBe("beyond");
    expect(rarity(NaN, true).kind).toBe("usual");
  });
});
