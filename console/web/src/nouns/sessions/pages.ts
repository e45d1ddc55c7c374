// The pages of this noun.
import type { RouteRecordRaw } from "vue-router";

export const pages: RouteRecordRaw[] = [
  { path: "/sessions", name: "sessions", component: () => import("./SessionsPage.vue"), meta: { title: "nav.sessions" } },
];
