import { describe, expect, it } from "vitest";
import { turns } from "./turns";

describe("turns", () => {
  it("count only the newest", () => {
    const all = turns();
    const first = all.take();
    expect(first()).toBe(true);
    const second = all.take();
    expect(first()).toBe(false);
    expect(second()).toBe(true);
  });
  it("can be joined without ending the one that is on", () => {
    const all = turns();
    const first = all.take();
    const beside = all.join();
    expect([first(), beside()]).toEqual([true, true]);
    all.take();
    expect([first(), beside()]).toEqual([false, false]);
  });
  it("end, and for good when the page is left", () => {
    const all = turns();
    const first = all.take();
    all.end();
    expect(first()).toBe(false);
    expect(all.take()()).toBe(true);
    all.end(true);
    expect(all.take()()).toBe(false);
  });
});
