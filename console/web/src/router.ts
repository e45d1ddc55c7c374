// The pages and who may see them: everything but the log-in needs a known person.
import { createRouter, createWebHistory, type RouteRecordRaw } from "vue-router";
import { known, me, recognise } from "@/nouns/users/auth";

// Every noun's pages.ts.
const nounPages = Object.values(import.meta.glob<RouteRecordRaw[]>("./nouns/*/pages.ts", { eager: true, import: "pages" })).flat();

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: "/", redirect: { name: "wall" } },
    ...nounPages,
    { path: "/settings", name: "settings", component: () => import("@/shell/SettingsPage.vue"), meta: { title: "nav.settings" } },
    { path: "/:rest(.*)*", name: "nowhere", component: () => import("@/shell/NowherePage.vue"), meta: { title: "nowhere.title" } },
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
