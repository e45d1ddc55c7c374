// What the pages ask the console about this noun.
import { get, post } from "@/api/client";
import type { Me } from "@/api/types";

export const userCalls = {
  me: () => get<Me>("/v1/me"),
  login: (user: string, password: string) => post<Me>("/v1/login", { user, password }),
  logout: () => post<void>("/v1/logout"),
};
