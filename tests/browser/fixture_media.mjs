// Pictures for the fixture server, made by ffmpeg: a plain drawn room of six seats as one H.264 MP4, and snapshots of it.
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
export const REEL_SECONDS = 30;

/** Middle of each seat's head as shares of the picture, front row last. */
export const HEADS = [
  [0.2, 0.3], [0.5, 0.3], [0.8, 0.3],
  [0.16, 0.62], [0.5, 0.62], [0.84, 0.62],
];

function graph() {
  const W = 640;
  const H = 360;
  const parts = [`color=c=0x5a6470:s=${W}x${H}:r=15:d=${REEL_SECONDS}[g0]`];
  let last = "g0";
  const boxes = [`drawbox=x=0:y=0:w=${W}:h=70:color=0x78838f:t=fill`, `drawbox=x=40:y=12:w=120:h=44:color=0xa9b7c4:t=fill`, `drawbox=x=470:y=12:w=120:h=44:color=0xa9b7c4:t=fill`];
  for (const [x, y] of HEADS) {
    const scale = y > 0.5 ? 1.3 : 1;
    const cx = x * W;
    const cy = y * H;
    boxes.push(`drawbox=x=${Math.round(cx - 24 * scale)}:y=${Math.round(cy + 14 * scale)}:w=${Math.round(48 * scale)}:h=${Math.round(34 * scale)}:color=0x33475c:t=fill`);
    boxes.push(`drawbox=x=${Math.round(cx - 58 * scale)}:y=${Math.round(cy + 42 * scale)}:w=${Math.round(116 * scale)}:h=${Math.round(22 * scale)}:color=0x8d7759:t=fill`);
  }
  parts.push(`[${last}]${boxes.join(",")}[g1]`);
  last = "g1";
  HEADS.forEach(([x, y], i) => {
    const size = Math.round(26 * (y > 0.5 ? 1.3 : 1));
    parts.push(`color=c=0xd9b394:s=${size}x${size}:r=15:d=${REEL_SECONDS}[h${i}]`);
    parts.push(`[${last}][h${i}]overlay=x='${Math.round(x * W - size / 2)}+6*sin(t*${(0.7 + i * 0.13).toFixed(2)})':y='${Math.round(y * H - size / 2)}+3*sin(t*${(1.1 + i * 0.17).toFixed(2)})'[o${i}]`);
    last = `o${i}`;
  });
  return `${parts.join(";")};[${last}]format=yuv420p[out]`;
}

/** The MP4 and some JPEG snapshots, as buffers. Takes about two seconds. */
export async function makeMedia() {
  const folder = await mkdtemp(join(tmpdir(), "invigil-web-"));
  const mp4 = join(folder, "room.mp4");
  await run("ffmpeg", ["-v", "error", "-filter_complex", graph(), "-map", "[out]", "-c:v", "libx264", "-preset", "ultrafast", "-g", "30", "-movflags", "+faststart", "-t", String(REEL_SECONDS), mp4]);
  await run("ffmpeg", ["-v", "error", "-i", mp4, "-vf", "fps=1,scale=320:180", "-frames:v", "8", "-q:v", "5", join(folder, "s%02d.jpg")]);
  const names = (await readdir(folder)).filter((n) => n.endsWith(".jpg")).sort();
  return { mp4: await readFile(mp4), jpegs: await Promise.all(names.map((n) => readFile(join(folder, n)))), folder };
}
