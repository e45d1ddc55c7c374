// Geometry of what is drawn over the picture. Shares 0…1 in, canvas pixels out. Pure.
import type { Scene } from "@/api/types";
import { lastBefore } from "@/kit/timeline";

export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Where `object-fit: contain` puts a picture of this size in a box. */
export function contained(boxWidth: number, boxHeight: number, pictureWidth: number, pictureHeight: number): Rect {
  if (pictureWidth <= 0 || pictureHeight <= 0) return { x: 0, y: 0, width: boxWidth, height: boxHeight };
  const scale = Math.min(boxWidth / pictureWidth, boxHeight / pictureHeight);
  const width = pictureWidth * scale;
  const height = pictureHeight * scale;
  return { x: (boxWidth - width) / 2, y: (boxHeight - height) / 2, width, height };
}

export function place(picture: Rect, box: readonly number[]): Rect {
  const [x = 0, y = 0, width = 0, height = 0] = box;
  return {
    x: picture.x + x * picture.width,
    y: picture.y + y * picture.height,
    width: width * picture.width,
    height: height * picture.height,
  };
}

/** Scenes older than this say nothing about the picture on the screen. */
export const SCENE_LIFE_US = 700_000;

/** Persons are looked for once a second: their boxes stand until the next look. */
export const PERSONS_LIFE_US = 1_300_000;

/**
 * What was last seen at or before `us` and is still true of the picture. Not every scene looked for faces or persons: those come
 * from the newest that did.
 */
export function sceneAt(scenes: readonly Scene[], us: number): Scene | null {
  const last = lastBefore(scenes, (s) => s.at_us, us);
  const newest = last < 0 ? undefined : scenes[last];
  if (!newest || us - newest.at_us > SCENE_LIFE_US) return null;
  let faces: Scene | undefined;
  let persons: Scene | undefined;
  for (let i = last; i >= 0 && us - scenes[i]!.at_us <= PERSONS_LIFE_US && !(faces && persons); --i) {
    const scene = scenes[i]!;
    if (!faces && scene.faces_ran && us - scene.at_us <= SCENE_LIFE_US) faces = scene;
    if (!persons && scene.persons_ran) persons = scene;
  }
  return { ...newest, faces: faces?.faces ?? [], faces_ran: !!faces, persons: persons?.persons ?? [], persons_ran: !!persons };
}

/** End of an arrow from a face's middle along its head direction; length follows the turn, so a frontal face has a point. */
export function headArrow(face: Rect, yawDeg: number, pitchDeg: number): { fromX: number; fromY: number; toX: number; toY: number } {
  const fromX = face.x + face.width / 2;
  const fromY = face.y + face.height / 2;
  const reach = Math.max(face.width, face.height) * 1.4;
  const rad = Math.PI / 180;
  return {
    fromX,
    fromY,
    toX: fromX + reach * Math.sin(yawDeg * rad) * Math.cos(pitchDeg * rad),
    toY: fromY - reach * Math.sin(pitchDeg * rad),
  };
}
