// Short names for what the contract says of answer forensics: what was compared, what stands out, what to expect of chance.
import type { components, paths } from "@/api/generated";

type Schemas = components["schemas"];

export type Forensics = Schemas["Forensics"];
export type ForensicsNote = Forensics["notes"][number];
export type FamilySize = Forensics["families"][number];
/** Two candidates and how alike their answers are; `p_adjusted` is paid for all comparisons. Ids are candidates'. */
export type AnswerPair = Forensics["pairs"][number];
export type ExaminedPerson = Forensics["people"][number];
export type Suspicion = ExaminedPerson["level"];
/** While the session runs: the pairs of seats that are most alike so far. Nothing is judged by it. */
export type WatchedRoom = Schemas["AnswerWatch"];
/** Both answers item by item, in the order of the paper. "" and null: no answer. */
export type PairAnswers = paths["/v1/sessions/{session}/forensics/pair"]["get"]["responses"][200]["content"]["application/json"];
export type PairItem = PairAnswers["items"][number];
