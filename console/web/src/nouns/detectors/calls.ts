// What the pages ask the console about this noun.
import { get } from "@/api/client";
import type { ViolationCode } from "@/api/types";

export const detectorCalls = {
  violationCodes: () => get<{ version: string; codes: ViolationCode[] }>("/v1/violation-codes"),
};
