import { createApp } from "vue";
import "@/kit/element";
import "@/kit/tokens.css";
import "@/kit/base.css";
import "@/kit/kit.css";
import { whenUnauthenticated } from "@/api/client";
import { forget } from "@/nouns/users/auth";
import { i18n } from "@/words/language";
import App from "./App.vue";
import { router } from "./router";

whenUnauthenticated(() => {
  forget();
  const here = router.currentRoute.value;
  if (here.name !== "login") void router.replace({ name: "login", query: { next: here.fullPath } });
});

createApp(App).use(i18n).use(router).mount("#app");
