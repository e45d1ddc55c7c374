import { describe, expect, it } from "vitest";
import { clock, clockShort, date, dateTime, dayBounds, durationParts, position, span } from "./time";

const at = (iso: string) => Date.parse(iso) * 1000;

describe("China time", () => {
  it("is eight hours ahead of UTC, whatever zone the browser is in", () => {
    expect(dateTime(at("2026-11-22T01:02:03Z"))).toBe("2026-11-22 09:02:03");
    expect(date(at("2026-12-31T16:00:00Z"))).toBe("2027-01-01");
    expect(clockShort(at("2026-11-22T15:59:59Z"))).toBe("23:59");
  });
  it("keeps milliseconds when asked", () => {
    expect(clock(at("2026-11-22T01:02:03Z") + 250_499, true)).toBe("09:02:03.250");
  });
  it("says the date of a span once", () => {
    expect(span(at("2026-11-22T01:00:00Z"), at("2026-11-22T02:30:00Z"))).toBe("2026-11-22 09:00–10:30");
    expect(span(at("2026-11-22T15:00:00Z"), at("2026-11-22T17:00:00Z"))).toBe("2026-11-22 23:00 – 2026-11-23 01:00");
  });
  it("bounds a day and refuses what is no date", () => {
    expect(dayBounds("2026-11-22")).toEqual({ fromUs: at("2026-11-21T16:00:00Z"), toUs: at("2026-11-22T16:00:00Z") });
    expect(dayBounds("2026-02-30")).toBeNull();
    expect(dayBounds("today")).toBeNull();
  });
});

describe("durations", () => {
  it("round before they split", () => {
    expect(durationParts(59_600_000)).toEqual({ hours: 0, minutes: 1, seconds: 0 });
    expect(durationParts(3_723_000_000)).toEqual({ hours: 1, minutes: 2, seconds: 3 });
    expect(durationParts(-5)).toEqual({ hours: 0, minutes: 0, seconds: 0 });
  });
  it("count positions", () => {
    expect(position(123_000_000)).toBe("02:03");
    expect(position(3_723_000_000)).toBe("1:02:03");
  });
});
