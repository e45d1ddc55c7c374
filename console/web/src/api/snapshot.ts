// The wall's binary frames: version, key, time, JPEG. Lengths are checked before they are used.

export interface Snapshot {
  /** centre/room/camera */
  key: string;
  atUs: number;
  jpeg: Uint8Array<ArrayBuffer>;
}

const VERSION = 1;

/** null for a frame of another version, a cut one, or one without a picture. */
export function readSnapshot(frame: ArrayBuffer): Snapshot | null {
  const bytes = new Uint8Array(frame);
  if (bytes.length < 2 || bytes[0] !== VERSION) return null;
  const n = bytes[1]!;
  const head = 2 + n + 8;
  if (n === 0 || bytes.length <= head) return null;
  let key: string;
  try {
    key = new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(2, 2 + n));
  } catch {
    return null;
  }
  const atUs = Number(new DataView(frame).getBigInt64(2 + n, false));
  return { key, atUs, jpeg: bytes.subarray(head) };
}
