// What the pages ask the console about this noun.
import { get, query } from "@/api/client";
import type { Proof } from "@/api/types";

export const proofCalls = {
  record: (stream: string, seq: number) => get<Proof>(`/v1/records${query({ stream, seq })}`),
};
