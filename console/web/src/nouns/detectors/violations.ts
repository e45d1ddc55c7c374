// The violation codes, asked once.
import { ref } from "vue";
import { detectorCalls } from "./calls";
import type { ViolationCode } from "@/api/types";

export const violationCodes = ref<readonly ViolationCode[]>([]);
export const rulesVersion = ref("");
let asked: Promise<void> | null = null;

export function loadViolationCodes(): Promise<void> {
  asked ??= detectorCalls
    .violationCodes()
    .then(({ version, codes }) => {
      rulesVersion.value = version;
      violationCodes.value = codes;
    })
    .catch((cause: unknown) => {
      asked = null;
      throw cause;
    });
  return asked;
}

export interface CodeGroup {
  group: string;
  codes: ViolationCode[];
}

/** In the list's own order, group by group. */
export function grouped(codes: readonly ViolationCode[]): CodeGroup[] {
  const groups: CodeGroup[] = [];
  for (const code of codes) {
    const last = groups.find((g) => g.group === code.group);
    if (last) last.codes.push(code);
    else groups.push({ group: code.group, codes: [code] });
  }
  return groups;
}
