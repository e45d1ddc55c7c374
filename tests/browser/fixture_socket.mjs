// Just enough of RFC 6455 for the fixture server: accepts, reads small masked frames, sends text and binary.
import { createHash } from "node:crypto";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

function frame(opcode, payload) {
  const n = payload.length;
  const head = n < 126 ? Buffer.from([0x80 | opcode, n]) : n < 65536 ? Buffer.from([0x80 | opcode, 126, n >> 8, n & 255]) : Buffer.alloc(10);
  if (n >= 65536) {
    head[0] = 0x80 | opcode;
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(n), 2);
  }
  return Buffer.concat([head, payload]);
}

/** Answers the upgrade and gives {text, binary, close}; calls `heard` with each text message and `gone` at the end. */
export function accept(request, socket, heard, gone) {
  const key = createHash("sha1").update(request.headers["sec-websocket-key"] + GUID).digest("base64");
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${key}\r\n\r\n`);
  let rest = Buffer.alloc(0);
  socket.on("data", (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 6) {
      const opcode = rest[0] & 15;
      let n = rest[1] & 127;
      let at = 2;
      if (n === 126) {
        n = rest.readUInt16BE(2);
        at = 4;
      }
      if (rest.length < at + 4 + n) return;
      const mask = rest.subarray(at, at + 4);
      const body = Buffer.from(rest.subarray(at + 4, at + 4 + n).map((b, i) => b ^ mask[i & 3]));
      rest = rest.subarray(at + 4 + n);
      if (opcode === 1) heard(body.toString("utf8"));
      if (opcode === 8) socket.end(frame(8, Buffer.alloc(0)));
    }
  });
  socket.on("close", gone);
  socket.on("error", gone);
  return {
    text: (value) => socket.write(frame(1, Buffer.from(JSON.stringify(value)))),
    binary: (bytes) => socket.write(frame(2, bytes)),
    close: () => socket.destroy(),
  };
}
