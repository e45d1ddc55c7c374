import { describe, expect, it } from "vitest";
import type { Scene } from "@/api/types";
import { contained, headArrow, place, sceneAt } from "./scene";

describe("the picture in its box", () => {
  it("is letterboxed", () => {
    expect(contained(1000, 1000, 1600, 900)).toEqual({ x: 0, y: 218.75, width: 1000, height: 562.5 });
    expect(contained(2000, 900, 1600, 900)).toEqual({ x: 200, y: 0, width: 1600, height: 900 });
    expect(contained(100, 50, 0, 0)).toEqual({ x: 0, y: 0, width: 100, height: 50 });
  });
  it("places shares", () => {
    expect(place({ x: 200, y: 0, width: 1600, height: 900 }, [0.5, 0.5, 0.25, 0.1])).toEqual({ x: 1000, y: 450, width: 400, height: 90 });
  });
});

describe("scenes", () => {
  const scenes = [1_000_000, 1_200_000, 3_000_000].map((at_us) => ({ at_us }) as Scene);
  it("are true for a moment only", () => {
    expect(sceneAt(scenes, 1_300_000)?.at_us).toBe(1_200_000);
    expect(sceneAt(scenes, 2_500_000)).toBeNull();
    expect(sceneAt(scenes, 999_999)).toBeNull();
  });
  it("keep the newest faces and persons that were looked for", () => {
    const face = { pose_valid: true, yaw_deg: 30 };
    const person = { score: 0.8 };
    const seen = [
      { at_us: 1_000_000, faces_ran: true, faces: [face], persons_ran: true, persons: [person] },
      { at_us: 1_200_000, faces_ran: false, faces: [], persons_ran: false, persons: [] },
      { at_us: 1_800_000, faces_ran: false, faces: [], persons_ran: false, persons: [] },
      { at_us: 2_000_000, faces_ran: true, faces: [], persons_ran: false, persons: [] },
    ] as unknown as Scene[];
    expect(sceneAt(seen, 1_300_000)).toMatchObject({ at_us: 1_200_000, faces: [face], persons: [person] });
    expect(sceneAt(seen, 1_900_000)).toMatchObject({ faces: [], faces_ran: false, persons: [person] });
    expect(sceneAt(seen, 2_000_000)).toMatchObject({ faces: [], faces_ran: true, persons: [person] });
    expect(sceneAt(seen, 2_400_000)).toMatchObject({ persons: [], persons_ran: false });
  });
  it("draw head turns to the side the head turns to", () => {
    const face = { x: 100, y: 100, width: 50, height: 50 };
    const right = headArrow(face, 40, 0);
    expect(right.toX).toBeGreaterThan(right.fromX);
    expect(right.toY).toBeCloseTo(right.fromY);
    expect(headArrow(face, -40, 0).toX).toBeLessThan(125);
  });
});
