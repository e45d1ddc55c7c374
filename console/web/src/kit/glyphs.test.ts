import { describe, expect, it } from "vitest";
import { inkOf, showsChinese, type Ink } from "./glyphs";

const SIZE = 8;
/** Eight rows of eight: "#" is ink. */
function picture(rows: string): Ink {
  const pixels = [...rows.replace(/\s/g, "")].flatMap((c) => [0, 0, 0, c === "#" ? 255 : 0]);
  return inkOf(pixels, SIZE);
}
const blank = picture("........".repeat(8));
const box = picture("........ .######. .#....#. .#....#. .#....#. .#....#. .######. ........");
const stroke = picture("........ ........ ........ .######. ........ ........ ........ ........");
const dense = picture("........ .#.#.##. .##.#.#. .#.##.#. ..####.. .#.#.##. .######. ........");
const other = picture("........ .######. .#.##.#. .#.#..#. .#.####. .#.#..#. .######. ........");

describe("ink", () => {
  it("is measured from its first row to its last", () => {
    expect(blank).toMatchObject({ dark: 0, height: 0 });
    expect(stroke).toMatchObject({ dark: 6, height: 1 / SIZE });
    expect(box.height).toBe(6 / SIZE);
    expect(box.print).toBe(picture("........ .######. .#....#. .#....#. .#....#. .#....#. .######. ........").print);
    expect(box.print).not.toBe(dense.print);
  });
});

describe("Chinese", () => {
  it("is there when the characters are different and one stroke is flat", () => {
    expect(showsChinese({ space: blank, one: stroke, first: dense, second: other })).toBe(true);
  });
  it("is missing when everything is the same box", () => {
    expect(showsChinese({ space: blank, one: box, first: box, second: box })).toBe(false);
  });
  it("is missing when every box has its own number in it", () => {
    expect(showsChinese({ space: blank, one: other, first: dense, second: box })).toBe(false);
  });
  it("is missing when nothing is drawn", () => {
    expect(showsChinese({ space: blank, one: stroke, first: blank, second: other })).toBe(false);
    expect(showsChinese({ space: blank, one: blank, first: dense, second: other })).toBe(false);
  });
  it("is not judged where a browser scrambles what is drawn", () => {
    expect(showsChinese({ space: dense, one: box, first: box, second: box })).toBe(null);
  });
});
