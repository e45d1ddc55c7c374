// What the console pushes about this noun.
import type { WatchedRoom } from "./types";

declare module "@/api/live" {
  interface Pushes {
    /** How alike answers are so far, while a session runs: nothing is judged by it. */
    watch: WatchedRoom;
  }
}
