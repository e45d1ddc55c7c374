import { describe, expect, it } from "vitest";
import type { IncidentSummary } from "@/api/types";
import { bandOf, byWorth, place, reviewMinutes } from "./worth";

function incident(id: string, severity: number, worth: number, more: Partial<IncidentSummary> = {}): IncidentSummary {
  return { id, severity, band: bandOf(severity), worth, from_us: 0, state: "open", supersedes: null, ...more } as IncidentSummary;
}
const ids = (list: IncidentSummary[]) => list.map((i) => i.id);

describe("the queue's order", () => {
  it("has the bands of the contract", () => {
    expect([0.7, 0.69, 0.4, 0.39].map(bandOf)).toEqual(["high", "medium", "medium", "low"]);
  });
  it("puts a severe incident before a cheap one, then worth, then time", () => {
    const list = [
      incident("cheap", 0.5, 9),
      incident("late", 0.9, 1, { from_us: 20 }),
      incident("early", 0.9, 1, { from_us: 10 }),
      incident("worthy", 0.8, 2),
    ];
    expect(ids(list.sort(byWorth))).toEqual(["worthy", "early", "late", "cheap"]);
  });
  it("places a pushed incident, replacing its older self and what it supersedes", () => {
    const list = [incident("a", 0.9, 3), incident("b", 0.9, 2)];
    expect(ids(place(list, incident("c", 0.9, 2.5), () => true))).toEqual(["a", "c", "b"]);
    expect(ids(place(list, incident("a", 0.9, 1), () => true))).toEqual(["b", "a"]);
    expect(ids(place(list, incident("c", 0.9, 9, { supersedes: "b" }), () => true))).toEqual(["c", "a"]);
    expect(ids(place(list, incident("a", 0.9, 3, { state: "dismissed" }), (i) => i.state === "open"))).toEqual(["b"]);
  });
  it("adds up the time a review takes", () => {
    expect(reviewMinutes([{ review_seconds: 20 }, { review_seconds: 50 }])).toBe(2);
    expect(reviewMinutes([])).toBe(0);
  });
});
