// The pages of this noun.
import type { RouteRecordRaw } from "vue-router";

export const pages: RouteRecordRaw[] = [
  { path: "/login", name: "login", component: () => import("./LoginPage.vue"), meta: { open: true, title: "login.title" } },
];
