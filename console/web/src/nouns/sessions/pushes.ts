// What the console pushes about this noun.
import type { SessionSummary } from "@/api/types";

declare module "@/api/live" {
  interface Pushes {
    session: { session: SessionSummary };
  }
}
