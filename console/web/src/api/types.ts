// Short names for the contract's types (generated from console/openapi.yaml).
import type { components } from "./generated";

type Schemas = components["schemas"];

export type Me = Schemas["Me"];
export type Named = Schemas["Named"];
export type Institution = Schemas["Institution"];
export type Level = Schemas["Level"];
export type SessionSummary = Schemas["SessionSummary"];
export type Room = Schemas["Room"];
/** One session: like the summary, but with whole rooms. */
export type Session = Omit<SessionSummary, "rooms"> & Omit<Schemas["Session"], keyof SessionSummary> & { rooms: Room[] };
export type Seat = Room["seats"][number];
export type Camera = Room["cameras"][number];
export type CameraState = Schemas["CameraState"];
export type Coverage = Schemas["Coverage"];
export type Gap = Schemas["Gap"];
export type IncidentCounts = Schemas["IncidentCounts"];
export type IncidentSummary = Schemas["IncidentSummary"];
export type Incident = Schemas["Incident"];
export type Observation = Schemas["Observation"];
export type Opinion = Schemas["Opinion"];
export type Outcome = Schemas["Outcome"];
export type RecordPlace = Schemas["RecordPlace"];
export type Proof = Schemas["Proof"];
export type Scene = Schemas["Scene"];
export type WallRoom = Schemas["WallRoom"];
export type Band = IncidentSummary["band"];

export interface ViolationCode {
  code: string;
  group: string;
  zh: string;
  en: string;
  basis: string;
}

export interface Reel {
  start_us: number;
  end_us: number;
  url: string;
}

interface Item<T extends string> {
  type: T;
  at_us: number;
  to_us?: number;
  room?: string;
}

export interface TestEventItem extends Item<"test_event"> {
  seat: string;
  event: string;
  client_seq?: number;
  client_us?: number;
  item?: string;
  answer?: string;
  previous_answer?: string;
  chars?: number;
  keys?: string;
  displays?: number;
  online?: boolean;
  record?: RecordPlace;
}

/** The contract's TimelineItem taken apart by `type`. */
export type TimelineItem =
  | (Item<"incident"> & { incident: IncidentSummary })
  | (Item<"observation"> & { observation: Observation })
  | (Item<"opinion"> & { opinion: Opinion })
  | TestEventItem
  | (Item<"test_event_gap"> & { seat: string; from_seq: number; to_seq: number; record?: RecordPlace })
  | (Item<"test_event_conflict"> & { seat: string; client_seq: number; record?: RecordPlace })
  | (Item<"camera_status"> & { camera: string; status: CameraState })
  | (Item<"gap"> & { camera: string; gap: Gap })
  | (Item<"session"> & { state: "opened" | "closed"; by: string; reason: string });
