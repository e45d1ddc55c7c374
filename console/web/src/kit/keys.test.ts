import { describe, expect, it } from "vitest";
import { keyName } from "./keys";

describe("key names", () => {
  it("do not depend on Caps Lock", () => {
    expect(keyName({ key: "N", shiftKey: false })).toBe("n");
    expect(keyName({ key: "?", shiftKey: true })).toBe("?");
    expect(keyName({ key: " ", shiftKey: false })).toBe("Space");
  });
  it("keep shifted arrows apart", () => {
    expect(keyName({ key: "ArrowLeft", shiftKey: true })).toBe("Shift+ArrowLeft");
    expect(keyName({ key: "ArrowLeft", shiftKey: false })).toBe("ArrowLeft");
    expect(keyName({ key: "Enter", shiftKey: true })).toBe("Enter");
  });
});
