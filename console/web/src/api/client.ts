// Requests to the console: typed answers, typed failures; which there are, each noun says (nouns/*/calls.ts). Nothing here has words for people.
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

/** Reads. */
export const get = <T>(path: string, signal?: AbortSignal) => request<T>("GET", path, undefined, signal);
/** Changes. */
export const post = <T>(path: string, body?: unknown) => request<T>("POST", path, body);
/** An id as a part of a path. */
export const part = encodeURIComponent;
