// What the pages ask the console about this noun.
import { get, part, post, query, type Query } from "@/api/client";
import type { Incident, IncidentCounts, IncidentSummary, Opinion, Outcome } from "@/api/types";

export interface QueueAnswer {
  incidents: IncidentSummary[];
  next: string | null;
  counts: IncidentCounts;
}

export const incidentCalls = {
  incidents: (filter: Query) => get<QueueAnswer>(`/v1/incidents${query(filter)}`),
  incident: (id: string) => get<Incident>(`/v1/incidents/${part(id)}`),
  decide: (id: string, body: { outcome: Outcome; reason: string; violation_code: string | null }) =>
    post<{ opinion: Opinion; incident: IncidentSummary }>(`/v1/incidents/${part(id)}/opinions`, body),
};
