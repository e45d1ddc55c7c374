// What the timeline draws, independent of where it comes from.
import type { Band, IncidentSummary } from "@/api/types";

export interface CameraLane {
  id: string;
  name: string;
  active: boolean;
  recorded: { fromUs: number; toUs: number }[];
  gaps: { fromUs: number; toUs: number; text: string }[];
}

export interface Flag {
  id: string;
  fromUs: number;
  toUs: number;
  band: Band;
  state: IncidentSummary["state"];
  text: string;
}

export interface Tick {
  atUs: number;
  text: string;
  strong: boolean;
}

export interface Shade {
  fromUs: number;
  toUs: number;
  unknown: boolean;
  text: string;
}

export interface SeatLane {
  /** "" is the room itself. */
  id: string;
  label: string;
  flags: Flag[];
  ticks: Tick[];
  shades: Shade[];
}
