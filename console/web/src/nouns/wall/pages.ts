// The pages of this noun.
import type { RouteRecordRaw } from "vue-router";

export const pages: RouteRecordRaw[] = [
  { path: "/wall", name: "wall", component: () => import("./WallPage.vue"), meta: { title: "nav.wall" } },
];
