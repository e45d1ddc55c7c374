// Scenes for the overlay, asked by the minute a little ahead of the cursor and kept.
import { shallowRef } from "vue";
import { videoCalls } from "./calls";
import type { Scene } from "@/api/types";
import { sceneAt } from "./scene";

const CHUNK_US = 60_000_000;
const AHEAD_US = 10_000_000;
/** A chunk that reached the live edge is asked again, but not more often than this. */
const AGAIN_MS = 3000;
const KEPT = 40;

interface Chunk {
  scenes: Scene[];
  askedMs: number;
  busy: boolean;
}

export function useScenes(session: string) {
  const chunks = new Map<string, Chunk>();
  const scene = shallowRef<Scene | null>(null);

  /** The moment the page asked for last: what arrives later is shown if it belongs to it, also when nothing plays. */
  let asked = { camera: "", us: 0 };

  function show(): void {
    const { camera, us } = asked;
    const n = Math.floor(us / CHUNK_US);
    const here = chunks.get(`${camera}/${n}`)?.scenes ?? [];
    scene.value = sceneAt(here, us) ?? sceneAt(chunks.get(`${camera}/${n - 1}`)?.scenes ?? [], us);
  }

  async function fetchChunk(camera: string, n: number, latestUs: number): Promise<void> {
    const key = `${camera}/${n}`;
    const known = chunks.get(key);
    const whole = latestUs >= (n + 1) * CHUNK_US;
    const last = known?.scenes[known.scenes.length - 1]?.at_us ?? 0;
    if (known?.busy) return;
    if (known && (performance.now() - known.askedMs < AGAIN_MS || (whole && known.askedMs > 0 && last > 0))) return;
    const chunk: Chunk = known ?? { scenes: [], askedMs: 0, busy: true };
    chunk.busy = true;
    chunk.askedMs = performance.now();
    chunks.set(key, chunk);
    if (chunks.size > KEPT) chunks.delete(chunks.keys().next().value!);
    try {
      chunk.scenes = (await videoCalls.scenes(session, camera, n * CHUNK_US, (n + 1) * CHUNK_US)).scenes;
      show();
    } catch {
      // without scenes the picture is shown bare
    } finally {
      chunk.busy = false;
    }
  }

  /** Sets `scene` for this moment and sees to it that the next ones are there. `latestUs`: end of what is recorded. */
  function at(camera: string, us: number, latestUs: number): void {
    asked = { camera, us };
    const n = Math.floor(us / CHUNK_US);
    void fetchChunk(camera, n, latestUs);
    const ahead = Math.floor((us + AHEAD_US) / CHUNK_US);
    if (ahead !== n && us + AHEAD_US < latestUs) void fetchChunk(camera, ahead, latestUs);
    show();
  }
  return { scene, at };
}
