// Small probabilities in figures and in "once in so many". Pure.
const SUPERSCRIPT: Record<string, string> = { "-": "⁻", "0": "⁰", "1": "¹", "2": "²", "3": "³", "4": "⁴", "5": "⁵", "6": "⁶", "7": "⁷", "8": "⁸", "9": "⁹" };

/** "0.034", "1.2×10⁻⁹"; a probability too small for a number is "<10⁻³⁰⁰". */
export function scientific(p: number | null): string {
  if (p === null || !Number.isFinite(p)) return "–";
  if (p <= 0) return "<10⁻³⁰⁰";
  if (p >= 0.001) return String(Number(p.toPrecision(2)));
  const [digits = "1", power = "0"] = p.toExponential(1).split("e");
  return `${digits}×10${[...String(Number(power))].map((c) => SUPERSCRIPT[c] ?? c).join("")}`;
}

/** Steps in which numbers are read aloud: 10⁴ in Chinese, 10³ in English. */
export type Unit = "one" | "thousand" | "ten_thousand";
const CHINESE: readonly [number, Unit][] = [[1e4, "ten_thousand"], [1, "one"]];
const ENGLISH: readonly [number, Unit][] = [[1e3, "thousand"], [1, "one"]];
/** Rarer than once in a million is only said to be rarer: no calibration reaches further, whatever the formula gives. */
const RAREST = 1e6;

export interface Rarity {
  /** usual: nothing to remark; rare: once in `n` `unit`; beyond: rarer than can be vouched for. */
  kind: "usual" | "rare" | "beyond";
  n: number;
  unit: Unit;
}

/** Once in how many honest exams: two digits at most, rounded down, so that nothing sounds rarer than it is. */
export function rarity(p: number, chinese: boolean): Rarity {
  if (!(p < 0.2)) return { kind: "usual", n: 1, unit: "one" };
  const times = p > 0 ? 1 / p : Infinity;
  if (times > RAREST) return { kind: "beyond", n: 1, unit: "one" };
  const [size, unit] = (chinese ? CHINESE : ENGLISH).find(([s]) => times >= s) ?? [1, "one"];
  const share = times / size;
  const step = 10 ** Math.max(0, Math.floor(Math.log10(share)) - 1);
  return { kind: "rare", n: Math.floor(share / step + 1e-9) * step, unit };
}
