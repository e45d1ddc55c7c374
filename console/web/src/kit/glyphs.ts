// Whether this browser can show Chinese: three characters are drawn and looked at, once, at the start.

/** The ink of one character: how many pixels are dark, from which row to which, and where. */
export interface Ink {
  dark: number;
  /** Rows from the first to the last with ink, as a share of the character's size. */
  height: number;
  /** The same for equal pictures only. */
  print: string;
}

export interface Drawn {
  /** A space: nothing to see, unless the browser hides what a canvas holds. */
  space: Ink;
  /** One stroke across: a box has far more height. */
  one: Ink;
  /** Two dense characters that look nothing alike; a box looks like a box. */
  first: Ink;
  second: Ink;
}

const FLAT = 0.5;

/** True, false, or null when the pictures cannot be trusted (a browser that scrambles them against tracking). */
export function showsChinese(drawn: Drawn): boolean | null {
  if (drawn.space.dark > 0) return null;
  if (drawn.first.dark === 0 || drawn.second.dark === 0 || drawn.one.dark === 0) return false;
  if (drawn.first.print === drawn.second.print) return false;
  return drawn.one.height < FLAT;
}

/** The ink in RGBA pixels of a square `size` wide, drawn in black on nothing. */
export function inkOf(pixels: ArrayLike<number>, size: number): Ink {
  let dark = 0;
  let top = -1;
  let bottom = -1;
  let print = 2166136261;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const alpha = pixels[(y * size + x) * 4 + 3] ?? 0;
      print = Math.imul(print ^ (alpha >> 4), 16777619) >>> 0;
      if (alpha < 96) continue;
      dark += 1;
      if (top < 0) top = y;
      bottom = y;
    }
  }
  return { dark, height: top < 0 ? 0 : (bottom - top + 1) / size, print: String(print) };
}

const SIZE = 32;

/** Draws the characters in the page's own fonts; null where there is no canvas. */
export function drawChinese(family: string): Drawn | null {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIZE;
  const g = canvas.getContext("2d", { willReadFrequently: true });
  if (!g) return null;
  const ink = (text: string): Ink => {
    g.clearRect(0, 0, SIZE, SIZE);
    g.font = `${SIZE - 6}px ${family}`;
    g.textBaseline = "middle";
    g.fillText(text, 2, SIZE / 2);
    return inkOf(g.getImageData(0, 0, SIZE, SIZE).data, SIZE);
  };
  return { space: ink(" "), one: ink("一"), first: ink("监"), second: ink("国") };
}

/** Whether people must be told that Chinese cannot be read here. */
export function lacksChinese(): boolean {
  try {
    const drawn = drawChinese(getComputedStyle(document.documentElement).fontFamily || "sans-serif");
    return drawn !== null && showsChinese(drawn) === false;
  } catch {
    return false;
  }
}
