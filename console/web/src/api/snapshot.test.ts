import { describe, expect, it } from "vitest";
import { readSnapshot } from "./snapshot";

function frame(key: string, atUs: bigint, jpeg: number[], version = 1): ArrayBuffer {
  const name = new TextEncoder().encode(key);
  const bytes = new Uint8Array(2 + name.length + 8 + jpeg.length);
  bytes[0] = version;
  bytes[1] = name.length;
  bytes.set(name, 2);
  new DataView(bytes.buffer).setBigInt64(2 + name.length, atUs, false);
  bytes.set(jpeg, 2 + name.length + 8);
  return bytes.buffer;
}

describe("snapshot frames", () => {
  it("are read", () => {
    const read = readSnapshot(frame("c1/r1/cam1", 1_795_000_000_000_001n, [0xff, 0xd8, 0xff]));
    expect(read).toMatchObject({ key: "c1/r1/cam1", atUs: 1_795_000_000_000_001 });
    expect([...read!.jpeg]).toEqual([0xff, 0xd8, 0xff]);
  });
  it("of another version or cut short are refused", () => {
    expect(readSnapshot(frame("c1/r1/cam1", 1n, [1], 2))).toBeNull();
    expect(readSnapshot(new ArrayBuffer(0))).toBeNull();
    expect(readSnapshot(frame("c1/r1/cam1", 1n, []))).toBeNull();
    expect(readSnapshot(frame("c1/r1/cam1", 1n, [1]).slice(0, 9))).toBeNull();
    expect(readSnapshot(frame("", 1n, [1]))).toBeNull();
  });
});
