// The pages and who may see them: everything but the log-in needs a known person.
import { createRouter, createWebHistory } from "vue-router";
import { known, me, recognise } from "@/stores/auth";

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: "/", redirect: { name: "wall" } },
    { path: "/login", name: "login", component: () => import("@/pages/LoginPage.vue"), meta: { open: true, title: "login.title" } },
    { path: "/wall", name: "wall", component: () => import("@/pages/WallPage.vue"), meta: { title: "nav.wall" } },
    { path: "/sessions", name: "sessions", component: () => import("@/pages/SessionsPage.vue"), meta: { title: "nav.sessions" } },
    { path: "/queue", name: "queue", component: () => import("@/pages/QueuePage.vue"), meta: { title: "nav.queue" } },
    { path: "/sessions/:session", name: "session", component: () => import("@/pages/SessionPage.vue"), props: true, meta: { title: "nav.session" } },
    { path: "/settings", name: "settings", component: () => import("@/pages/SettingsPage.vue"), meta: { title: "nav.settings" } },
    { path: "/:rest(.*)*", name: "nowhere", component: () => import("@/pages/NowherePage.vue"), meta: { title: "nowhere.title" } },
  ],
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
});

router.beforeEach(async (to) => {
  if (!known.value) {
    try {
      await recognise();
    } catch {
      // the console does not answer: the log-in page says so when somebody tries
    }
  }
  if (!me.value && !to.meta.open) return { name: "login", query: to.fullPath === "/" ? {} : { next: to.fullPath } };
  if (me.value && to.name === "login") return { name: "wall" };
  return true;
});
