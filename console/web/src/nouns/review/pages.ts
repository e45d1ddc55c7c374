// The reviewer's pages: the queue, and the desk where a session is looked at. They put the other nouns together.
import type { RouteRecordRaw } from "vue-router";

export const pages: RouteRecordRaw[] = [
  { path: "/queue", name: "queue", component: () => import("./QueuePage.vue"), meta: { title: "nav.queue" } },
  { path: "/sessions/:session", name: "session", component: () => import("./SessionPage.vue"), props: true, meta: { title: "nav.session" } },
];
