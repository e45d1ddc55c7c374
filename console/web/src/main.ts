import { createApp } from "vue";
import "@/styles/element";
import "@/styles/tokens.css";
import "@/styles/base.css";
import "@/styles/kit.css";
import { whenUnauthenticated } from "@/api/client";
import { forget } from "@/stores/auth";
import { i18n } from "@/stores/language";
import App from "./App.vue";
import { router } from "./router";

whenUnauthenticated(() => {
  forget();
  const here = router.currentRoute.value;
  if (here.name !== "login") void router.replace({ name: "login", query: { next: here.fullPath } });
});

createApp(App).use(i18n).use(router).mount("#app");
