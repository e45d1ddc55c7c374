// The language of the pages: Chinese unless the person chose otherwise; kept in this browser.
import { createI18n } from "vue-i18n";
import { catalogue } from "./catalogues";

export type Language = "zh-CN" | "en";
export const LANGUAGES: readonly Language[] = ["zh-CN", "en"];
const KEY = "invigil.language";

function remembered(): Language {
  try {
    return localStorage.getItem(KEY) === "en" ? "en" : "zh-CN";
  } catch {
    return "zh-CN";
  }
}

export const i18n = createI18n({
  legacy: false,
  locale: remembered() as Language,
  fallbackLocale: "zh-CN" as Language,
  messages: { "zh-CN": catalogue("zh-CN"), en: catalogue("en") },
  missingWarn: true,
});

export function language(): Language {
  return i18n.global.locale.value as Language;
}

export function setLanguage(next: Language): void {
  i18n.global.locale.value = next;
  document.documentElement.lang = next;
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // a browser that keeps nothing still shows the chosen language until it is closed
  }
}
document.documentElement.lang = language();
