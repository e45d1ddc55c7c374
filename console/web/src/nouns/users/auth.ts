// Who is logged in.
import { computed, ref } from "vue";
import { ApiError } from "@/api/client";
import { userCalls } from "./calls";
import type { Me } from "@/api/types";
import * as live from "@/api/live";

export const me = ref<Me | null>(null);
/** False until the console was asked once. */
export const known = ref(false);

/** Whoever was here is no longer known to the console, without having left: the log-in page says so. */
export const ended = ref(false);

export const mayDecide = computed(() => me.value?.rights.includes("give_opinions") ?? false);

function become(who: Me | null): void {
  ended.value = false;
  me.value = who;
  known.value = true;
  if (who) live.start();
  else live.stop();
}

/** Asks who I am; nobody is a fine answer, an unreachable console is not. */
export async function recognise(): Promise<void> {
  try {
    become(await userCalls.me());
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) forget();
    else throw error;
  }
}

export async function login(user: string, password: string): Promise<void> {
  become(await userCalls.login(user, password));
}

export async function logout(): Promise<void> {
  try {
    await userCalls.logout();
  } finally {
    become(null);
  }
}

/** The console says it knows nobody. */
export function forget(): void {
  const was = me.value !== null || ended.value;
  become(null);
  ended.value = was;
}
