// The one WebSocket of this tab: pushes by type, snapshots, reconnecting. The stream is a hint; what it says is asked again by HTTP.
import { ref } from "vue";
import { readSnapshot, type Snapshot } from "./snapshot";

/** What is pushed, by type. Each noun adds its own in its pushes.ts. */
export interface Pushes {
  bye: { code: string };
  /** Not from the server: the socket is up, for the first time or again; what happened before must be asked for. */
  resumed: Record<string, never>;
}

type Listener<K extends keyof Pushes> = (push: Pushes[K]) => void;
type SnapshotListener = (snapshot: Snapshot) => void;

export const connected = ref(false);
/** Whether a first attempt has ended, so that "offline" is not said while a page loads. */
export const tried = ref(false);

const listeners = new Map<keyof Pushes, Set<(push: never) => void>>();
const snapshotListeners = new Set<SnapshotListener>();
let socket: WebSocket | null = null;
let wanted = false;
let failures = 0;
let retry: number | undefined;
let rooms: string[] | "all" = [];

function emit<K extends keyof Pushes>(type: K, push: Pushes[K]): void {
  for (const listener of listeners.get(type) ?? []) (listener as Listener<K>)(push);
}

function askForSnapshots(): void {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type: "snapshots", rooms }));
}

function opened(): void {
  connected.value = true;
  tried.value = true;
  failures = 0;
  if (rooms === "all" || rooms.length > 0) askForSnapshots();
  emit("resumed", {});
}

function closed(): void {
  connected.value = false;
  tried.value = true;
  socket = null;
  if (!wanted) return;
  failures += 1;
  const wait = Math.min(15_000, 500 * 2 ** Math.min(failures, 5)) * (0.75 + Math.random() / 2);
  retry = window.setTimeout(open, wait);
}

function message(event: MessageEvent<string | ArrayBuffer>): void {
  if (typeof event.data !== "string") {
    const snapshot = readSnapshot(event.data);
    if (snapshot) for (const listener of snapshotListeners) listener(snapshot);
    return;
  }
  let push: { type?: string } | null;
  try {
    push = JSON.parse(event.data) as { type?: string } | null;
  } catch {
    return;
  }
  if (typeof push?.type === "string" && listeners.has(push.type as keyof Pushes)) emit(push.type as keyof Pushes, push as never);
}

function open(): void {
  window.clearTimeout(retry);
  if (!wanted || socket) return;
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  socket = new WebSocket(`${scheme}://${location.host}/v1/live`);
  socket.binaryType = "arraybuffer";
  socket.onopen = opened;
  socket.onclose = closed;
  socket.onmessage = message;
}

/** Connects and stays connected until stop(). */
export function start(): void {
  wanted = true;
  open();
}

export function stop(): void {
  wanted = false;
  window.clearTimeout(retry);
  socket?.close();
}

/** Listens; the answer ends it. */
export function on<K extends keyof Pushes>(type: K, listener: Listener<K>): () => void {
  const set = listeners.get(type) ?? new Set();
  set.add(listener as (push: never) => void);
  listeners.set(type, set);
  return () => set.delete(listener as (push: never) => void);
}

/** Asks for snapshots of these rooms ("centre/room") or all; the answer ends it. */
export function watchSnapshots(which: string[] | "all", listener: SnapshotListener): () => void {
  snapshotListeners.add(listener);
  rooms = which;
  askForSnapshots();
  return () => {
    snapshotListeners.delete(listener);
    if (snapshotListeners.size === 0) {
      rooms = [];
      askForSnapshots();
    }
  };
}
