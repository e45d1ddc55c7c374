// What the console pushes about this noun.
import type { IncidentSummary, Opinion } from "@/api/types";

declare module "@/api/live" {
  interface Pushes {
    incident: { incident: IncidentSummary };
    opinion: { opinion: Opinion; incident: IncidentSummary };
  }
}
