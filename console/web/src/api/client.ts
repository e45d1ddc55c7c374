// Requests to the console: typed answers, typed failures. Nothing here has words for people.
import type { Forensics, PairAnswers } from "./forensics";
import type {
  Incident,
  IncidentCounts,
  IncidentSummary,
  Institution,
  Level,
  Me,
  Named,
  Opinion,
  Outcome,
  Proof,
  Reel,
  Scene,
  Session,
  SessionSummary,
  TimelineItem,
  ViolationCode,
  WallRoom,
} from "./types";

export type Parameters = Record<string, string | number | boolean>;

/** A refusal or a failure: `code` has words in the catalogues under `error.`. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly parameters: Parameters = {},
    message = code,
  ) {
    super(message);
  }
}

let onUnauthenticated: () => void = () => {};
/** Called when the console no longer knows who asks. */
export function whenUnauthenticated(handler: () => void): void {
  onUnauthenticated = handler;
}

export type Query = Record<string, string | number | boolean | null | undefined>;

/** "?a=1&b=2", leaving out what is empty. */
export function query(values: Query): string {
  const parts = Object.entries(values)
    .filter(([, v]) => v !== undefined && v !== null && v !== "")
    .map(([k, v]) => `${encodeURIComponent(k)}=${encodeURIComponent(String(v))}`);
  return parts.length > 0 ? `?${parts.join("&")}` : "";
}

async function failure(response: Response): Promise<ApiError> {
  try {
    const body = (await response.json()) as { code?: string; parameters?: Parameters; message?: string };
    if (typeof body.code === "string") return new ApiError(response.status, body.code, body.parameters ?? {}, body.message);
  } catch {
    // not JSON: a proxy's page, or nothing at all
  }
  return new ApiError(response.status, response.status === 401 ? "unauthenticated" : "internal");
}

async function request<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (method !== "GET") headers["X-Invigil"] = "1";
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers,
      credentials: "same-origin",
      cache: "no-store",
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
    });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new ApiError(0, "unreachable");
  }
  if (!response.ok) {
    const error = await failure(response);
    if (error.status === 401 && error.code !== "login_failed") onUnauthenticated();
    throw error;
  }
  return (response.status === 204 ? undefined : await response.json()) as T;
}

const get = <T>(path: string, signal?: AbortSignal) => request<T>("GET", path, undefined, signal);
const post = <T>(path: string, body?: unknown) => request<T>("POST", path, body);
const part = encodeURIComponent;

export interface SessionPageAnswer {
  sessions: SessionSummary[];
  next: string | null;
  filters: { institutions: Institution[]; centres: Named[]; levels: Level[] };
}
export interface QueueAnswer {
  incidents: IncidentSummary[];
  next: string | null;
  counts: IncidentCounts;
}
export interface TimelineAnswer {
  items: TimelineItem[];
  next: string | null;
  from_us: number;
  to_us: number;
}

export const api = {
  me: () => get<Me>("/v1/me"),
  login: (user: string, password: string) => post<Me>("/v1/login", { user, password }),
  logout: () => post<void>("/v1/logout"),

  wall: () => get<{ rooms: WallRoom[] }>("/v1/wall"),

  sessions: (filter: Query) => get<SessionPageAnswer>(`/v1/sessions${query(filter)}`),
  session: (id: string) => get<Session>(`/v1/sessions/${part(id)}`),
  timeline: (id: string, filter: Query, signal?: AbortSignal) =>
    get<TimelineAnswer>(`/v1/sessions/${part(id)}/timeline${query(filter)}`, signal),
  reels: (id: string, camera: string) => get<{ reels: Reel[] }>(`/v1/sessions/${part(id)}/cameras/${part(camera)}/reels`),
  scenes: (id: string, camera: string, from: number, to: number) =>
    get<{ scenes: Scene[] }>(`/v1/sessions/${part(id)}/cameras/${part(camera)}/scenes${query({ from, to })}`),

  forensics: (id: string) => get<Forensics>(`/v1/sessions/${part(id)}/forensics`),
  forensicsPair: (id: string, a: string, b: string) => get<PairAnswers>(`/v1/sessions/${part(id)}/forensics/pair${query({ a, b })}`),

  incidents: (filter: Query) => get<QueueAnswer>(`/v1/incidents${query(filter)}`),
  incident: (id: string) => get<Incident>(`/v1/incidents/${part(id)}`),
  decide: (id: string, body: { outcome: Outcome; reason: string; violation_code: string | null }) =>
    post<{ opinion: Opinion; incident: IncidentSummary }>(`/v1/incidents/${part(id)}/opinions`, body),
  violationCodes: () => get<{ version: string; codes: ViolationCode[] }>("/v1/violation-codes"),

  record: (stream: string, seq: number) => get<Proof>(`/v1/records${query({ stream, seq })}`),
};

/** Every page of a timeline, at most `cap` items; `complete` is false when the cap cut it. */
export async function wholeTimeline(
  id: string,
  filter: Query,
  cap: number,
  signal?: AbortSignal,
): Promise<{ items: TimelineItem[]; complete: boolean }> {
  const items: TimelineItem[] = [];
  let after: string | null = null;
  do {
    const page: TimelineAnswer = await api.timeline(id, { ...filter, limit: 5000, after }, signal);
    items.push(...page.items);
    after = page.next;
  } while (after !== null && items.length < cap);
  return { items, complete: after === null };
}
