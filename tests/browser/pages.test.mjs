// The pages in a real browser against recorded answers: what a person sees and does, in both languages.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { startFixture } from "./fixture_server.mjs";
import { axeFindings, connected, drawn, healthy, launch, openPage, TEST, until } from "./support.mjs";

const dist = process.env.INVIGIL_WEB;
const WORDS = {
  "zh-CN": { wrong: "用户名或密码不正确", slow: "秒再登录", noSignal: "无信号", notMeasured: "未测定", gap: "摄像机停止传输", ended: "登录已失效", one: "1 处缺口", cameras: "1 个考场 · 2 路摄像机", noCamera: "没有摄像机" },
  en: { wrong: "Wrong user name or password", slow: "s before the next", noSignal: "No signal", notMeasured: "not measured", gap: "Camera stalled", ended: "Your log-in has ended", one: "1 gap", cameras: "1 room · 2 cameras", noCamera: "No camera" },
};
let browser;
before(async () => (browser = await launch()), TEST);
after(async () => browser?.close(), TEST);

for (const language of ["zh-CN", "en"]) {
  describe(`pages in ${language}`, () => {
    const words = WORDS[language];
    let fixture;
    let page;
    before(async () => {
      fixture = await startFixture({ dist });
      page = await openPage(browser, { language });
    }, TEST);
    after(async () => {
      await page?.context().close();
      await fixture?.close();
    }, TEST);

    it("log in, and say what went wrong", TEST, async () => {
      await page.goto(`${fixture.url}/queue`);
      await page.waitForSelector("form");
      assert.equal(await page.locator("html").getAttribute("lang"), language);
      await healthy(page, "login");
      await page.fill("#user", "zhangming");
      await page.fill("#password", "wrong");
      await page.click("button[type=submit]");
      await page.getByText(words.wrong).waitFor();
      await page.fill("#password", "wrong again");
      await page.keyboard.press("Enter");
      await page.getByText(words.slow).waitFor();
      assert.equal(await page.locator("button[type=submit]").isDisabled(), true);
      await page.fill("#password", "correct horse");
      await page.locator("button[type=submit]:not([disabled])").click();
      await page.waitForURL("**/queue");
      assert.equal(page.url().includes("horse"), false);
    });

    it("show the wall: flagged first, live pictures, a lost signal in words", TEST, async () => {
      await page.goto(`${fixture.url}/wall`);
      await page.locator(".tile").first().waitFor();
      await page.getByText(words.noSignal).first().waitFor();
      const flags = await page.locator(".tile").evaluateAll((tiles) => tiles.map((t) => [...t.classList].some((c) => c.startsWith("flag-"))));
      assert.deepEqual(flags, [true, true, false]);
      const bright = () => page.locator(".tile canvas").first().evaluate((c) => c.getContext("2d").getImageData(c.width / 2, 20, 1, 1).data[0]);
      await assert.doesNotReject(page.waitForFunction(() => {
        const c = document.querySelector(".tile canvas");
        return c && c.getContext("2d").getImageData(c.width / 2, 20, 1, 1).data[0] > 60;
      }));
      assert.ok((await bright()) > 60);
      await until(() => fixture.sockets.size === 1, "one socket a tab"); // the one of the page before may just be closing
      await healthy(page, "wall");
      await page.locator(".tile a").first().click();
      await page.waitForURL(/\/sessions\/s1\?room=/);
    });

    it("order the queue by worth and work by keyboard", TEST, async () => {
      await page.goto(`${fixture.url}/queue`);
      await page.locator(".item").first().waitFor();
      const bands = await page.locator(".item").evaluateAll((rows) => rows.map((r) => ["high", "medium", "low"].findIndex((b) => r.classList.contains(b))));
      assert.deepEqual(bands, [...bands].sort());
      assert.ok((await page.getByText(words.notMeasured).count()) > 10);
      await healthy(page, "queue");
      const chosen = () => page.locator(".item[aria-current=true]").getAttribute("id");
      const ids = await page.locator(".item").evaluateAll((rows) => rows.map((r) => r.id));
      assert.equal(await chosen(), ids[0]);
      await page.keyboard.press("j");
      await page.keyboard.press("j");
      await page.keyboard.press("k");
      assert.equal(await chosen(), ids[1]);
      await connected(page);
      const pushed = { ...fixture.world.incidents[0], id: "i-pushed", worth: 99 };
      fixture.world.incidents.push(pushed);
      fixture.push({ type: "incident", incident: pushed });
      await page.locator("#incident-i-pushed").waitFor();
      assert.equal(await page.locator(".item").first().getAttribute("id"), "incident-i-pushed");
      assert.equal(await chosen(), ids[1], "the chosen row stays chosen");
      await page.keyboard.press("Enter");
      await page.waitForURL(/\/sessions\/s1\?incident=/);
    });

    it("list sessions with filters, coverage and the causes of gaps", TEST, async () => {
      fixture.world.sessions.find((s) => s.id === "s4").cameras = 0;
      await page.goto(`${fixture.url}/sessions`);
      await page.locator("table.table").waitFor();
      await page.getByText(words.noCamera, { exact: true }).waitFor();
      assert.equal(await page.locator("table a.title").count(), 5);
      await page.getByText(words.one, { exact: true }).waitFor();
      await page.getByText(words.cameras, { exact: true }).first().waitFor();
      await page.locator(".gaps").first().click();
      await page.getByText(words.gap).waitFor();
      await healthy(page, "sessions");
      await page.locator(".flagged .el-switch").click();
      await page.waitForFunction(() => document.querySelectorAll("table a.title").length === 3);
      await page.waitForURL(/flagged=true/);
      await page.locator(".fold .link-button").first().click();
      await page.waitForURL(/\/sessions\/s\d\?at=\d+/);
    });

    it("switch language in place and settings", TEST, async () => {
      await page.goto(`${fixture.url}/settings`);
      await page.locator(".keys").waitFor();
      await healthy(page, "settings");
      const other = language === "en" ? "中文" : "English";
      await page.locator("header").getByText(other, { exact: true }).click();
      await page.waitForFunction((l) => document.documentElement.lang === l, language === "en" ? "zh-CN" : "en");
      await page.goto(`${fixture.url}/nowhere/at/all`);
      await page.locator("h1").waitFor();
    });

    it("fit a small screen without scrolling sideways", TEST, async () => {
      await page.setViewportSize({ width: 900, height: 700 });
      const pages = { "/wall": ".tile canvas", "/queue": ".item", "/sessions": "table a.title", "/sessions/s1": ".card", "/settings": ".keys" };
      for (const [path, filled] of Object.entries(pages)) {
        await page.goto(fixture.url + path);
        await page.locator(filled).first().waitFor();
        const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.ok(over <= 0, `${path} is ${over} px too wide`);
      }
    });

    it("go back to the log-in when the console no longer knows the person", TEST, async () => {
      await page.setViewportSize({ width: 1440, height: 900 });
      await page.goto(`${fixture.url}/settings`);
      await page.locator(".keys").waitFor();
      await page.context().clearCookies();
      await page.locator("header a[href='/queue']").click();
      await page.waitForURL(/\/login\?next=/);
      const shown = await page.locator("html").getAttribute("lang"); // the language was switched before
      await page.getByText(WORDS[shown].ended).waitFor();
      assert.deepEqual(await axeFindings(page), []);
      await page.fill("#user", "zhangming");
      await page.fill("#password", "correct horse");
      await page.keyboard.press("Enter");
      await page.waitForURL("**/queue");
      await page.context().clearCookies();
      await page.goto(`${fixture.url}/sessions/s1`);
      await page.waitForURL(/\/login\?next=/);
    });

    it("broke no rule on the way", () => {
      assert.deepEqual(page.troubles, []);
    });
  });
}

describe("a browser without Chinese fonts", () => {
  let fixture;
  let folder;
  let lacking;
  before(async () => {
    fixture = await startFixture({ dist });
    folder = mkdtempSync(join(tmpdir(), "invigil-fonts-"));
    const chinese = execFileSync("fc-list", [":lang=zh", "file"], { encoding: "utf8" }).split("\n").map((l) => l.replace(/:\s*$/, "").trim()).filter(Boolean);
    const globs = chinese.map((file) => `<glob>${file}</glob>`).join("");
    writeFileSync(join(folder, "fonts.conf"), `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig><include>/etc/fonts/fonts.conf</include><selectfont><rejectfont>${globs}<glob>/nowhere/*</glob></rejectfont></selectfont></fontconfig>`);
    lacking = await launch({ env: { ...process.env, FONTCONFIG_FILE: join(folder, "fonts.conf") } });
  }, TEST);
  after(async () => {
    await lacking?.close();
    await fixture?.close();
    if (folder) rmSync(folder, { recursive: true, force: true });
  }, TEST);

  it("is told so in both languages, and how to mend it", TEST, async () => {
    const page = await openPage(lacking);
    await page.goto(`${fixture.url}/login`);
    const notice = page.locator("aside.fonts");
    await notice.getByText("This browser has no Chinese font").waitFor();
    await notice.getByText("此浏览器没有中文字体").waitFor();
    await notice.getByText("fonts-noto-cjk").first().waitFor();
    assert.deepEqual(await axeFindings(page), []);
    await notice.locator("button").click();
    await notice.waitFor({ state: "detached" });
    assert.deepEqual(page.troubles, []);
    await page.context().close();
  });

  it("and one that has them is told nothing", TEST, async (t) => {
    if (execFileSync("fc-list", [":lang=zh", "file"], { encoding: "utf8" }).trim() === "") return t.skip("no Chinese font is installed (apt-get install fonts-noto-cjk)");
    const page = await openPage(browser);
    await page.goto(`${fixture.url}/login`);
    await page.locator("#user").waitFor();
    await drawn(page);
    assert.equal(await page.locator("aside.fonts").count(), 0);
    await page.context().close();
  });
});
