// What the pages ask the console about this noun.
import { get, part, query } from "@/api/client";
import type { Forensics, PairAnswers } from "./types";

export const answerCalls = {
  forensics: (id: string) => get<Forensics>(`/v1/sessions/${part(id)}/forensics`),
  forensicsPair: (id: string, a: string, b: string) => get<PairAnswers>(`/v1/sessions/${part(id)}/forensics/pair${query({ a, b })}`),
};
