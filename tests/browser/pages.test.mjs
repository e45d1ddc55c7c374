// The pages in a real browser against recorded answers: what a person sees and does, in both languages.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { startFixture } from "./fixture_server.mjs";
import { axeFindings, launch, openPage } from "./support.mjs";

const dist = process.env.INVIGIL_WEB;
const WORDS = {
  "zh-CN": { wrong: "用户名或密码不正确", slow: "秒再登录", wall: "监控墙", noSignal: "无信号", notMeasured: "未测定", queue: "待复核", gap: "摄像机停止传输", decided: "已签名并写入日志", valid: "签名有效", turned: "转头张望", as: "张明", struck: "已排除", fresh: "新" },
  en: { wrong: "Wrong user name or password", slow: "s before the next", wall: "Wall", noSignal: "No signal", notMeasured: "not measured", queue: "Review queue", gap: "Camera stalled", decided: "Signed and in the log", valid: "Signature valid", turned: "Head turned", as: "张明", struck: "Dismissed", fresh: "New" },
};
let browser;
before(async () => (browser = await launch()));
after(async () => browser?.close());

async function login(page, url, to = "/") {
  await page.goto(url + to);
  await page.fill("#user", "zhangming");
  await page.fill("#password", "correct horse");
  await page.click("button[type=submit]");
  await page.waitForSelector("header.header");
}
const seconds = (page) => page.locator("video").evaluate((v) => v.currentTime);
const stamp = async (page) => {
  const [h, m, s] = (await page.locator(".controls .now").innerText()).split(":").map(Number);
  return h * 3600 + m * 60 + s;
};
/** a - b on a clock face, so that midnight in China changes nothing. */
const apart = (a, b) => ((((a - b + 43_200) % 86_400) + 86_400) % 86_400) - 43_200;
async function healthy(page, name) {
  assert.deepEqual(await axeFindings(page), [], `axe on ${name}`);
  assert.equal(await page.locator("h1").count(), 1, `one h1 on ${name}`);
  assert.equal(await page.locator("main").count(), 1, `one main on ${name}`);
}

for (const language of ["zh-CN", "en"]) {
  describe(`pages in ${language}`, () => {
    const words = WORDS[language];
    let fixture;
    let page;
    before(async () => {
      fixture = await startFixture({ dist });
      page = await openPage(browser, { language });
    });
    after(async () => {
      await page.context().close();
      await fixture.close();
    });

    it("log in, and say what went wrong", async () => {
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

    it("show the wall: flagged first, live pictures, a lost signal in words", async () => {
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
      assert.equal(fixture.sockets.size, 1, "one socket a tab");
      await healthy(page, "wall");
      await page.locator(".tile a").first().click();
      await page.waitForURL(/\/sessions\/s1\?room=/);
    });

    it("order the queue by worth and work by keyboard", async () => {
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
      const pushed = { ...fixture.world.incidents[0], id: "i-pushed", worth: 99 };
      fixture.world.incidents.push(pushed);
      fixture.push({ type: "incident", incident: pushed });
      await page.locator("#incident-i-pushed").waitFor();
      assert.equal(await page.locator(".item").first().getAttribute("id"), "incident-i-pushed");
      assert.equal(await chosen(), ids[1], "the chosen row stays chosen");
      await page.keyboard.press("Enter");
      await page.waitForURL(/\/sessions\/s1\?incident=/);
    });

    it("list sessions with filters, coverage and the causes of gaps", async () => {
      await page.goto(`${fixture.url}/sessions`);
      await page.locator("table.table").waitFor();
      assert.equal(await page.locator("table a.title").count(), 4);
      await page.locator(".gaps").first().click();
      await page.getByText(words.gap).waitFor();
      await healthy(page, "sessions");
      await page.locator(".flagged .el-switch").click();
      await page.waitForFunction(() => document.querySelectorAll("table a.title").length === 2);
      assert.match(page.url(), /flagged=true/);
      await page.locator(".fold .link-button").first().click();
      await page.waitForURL(/\/sessions\/s\d\?at=\d+/);
    });

    it("play at once, seek, and keep one time", async () => {
      await page.goto(`${fixture.url}/sessions/s1?incident=i-head_turned`);
      await page.locator(".timeline").waitFor();
      await page.waitForFunction(() => document.querySelector("video")?.currentTime > 0.5 && !document.querySelector("video").paused);
      const flag = fixture.world.incidents.find((i) => i.id === "i-head_turned");
      const dayS = ((flag.from_us / 1e6 + 8 * 3600) % 86400);
      assert.ok(Math.abs(apart(await stamp(page), dayS)) < 8, "starts a little before the flag");
      await page.waitForFunction(() => {
        const c = document.querySelector("canvas.overlay");
        return c && c.getContext("2d").getImageData(0, 0, c.width, c.height).data.some((v) => v > 0);
      });
      assert.equal(await page.locator(".card.chosen .title").innerText(), words.turned);
      await page.locator(".card.chosen .facts li").first().waitFor();
      await healthy(page, "session");

      await page.keyboard.press("Space");
      await page.waitForFunction(() => document.querySelector("video").paused);
      const before = await stamp(page);
      await page.keyboard.press("ArrowRight");
      await page.waitForFunction((t) => document.querySelector(".controls .now").textContent.trim().endsWith(String((t + 5) % 60).padStart(2, "0")), before);
      const at = await seconds(page);
      await page.keyboard.press("Shift+ArrowRight");
      await page.waitForFunction((t) => document.querySelector("video").currentTime > t, at);
      assert.ok((await seconds(page)) - at < 0.2, "one frame");

      const area = await page.locator(".timeline .area").boundingBox();
      await page.mouse.click(area.x + area.width * 0.1, area.y + 10);
      const sought = await stamp(page);
      const opened = ((fixture.world.opened / 1e6 + 8 * 3600) % 86400);
      assert.ok(apart(sought, opened) >= 0 && apart(sought, opened) < 60, `sought ${apart(sought, opened)}`);
      await page.mouse.move(area.x + area.width * 0.1, area.y + 10);
      await page.mouse.down();
      await page.mouse.move(area.x + area.width * 0.2, area.y + 10, { steps: 5 });
      await page.mouse.up();
      assert.ok(apart(await stamp(page), sought) > 0, "dragging seeks");

      await page.keyboard.press("n");
      const first = await page.locator(".card.chosen").getAttribute("id");
      await page.keyboard.press("n");
      await page.waitForFunction((id) => document.querySelector(".card.chosen")?.id !== id, first);
      await page.keyboard.press("p");
      await page.waitForFunction((id) => document.querySelector(".card.chosen")?.id === id, first);
      await page.keyboard.press("?");
      await page.locator(".keys").waitFor();
      await page.keyboard.press("Escape");
      await page.locator(".keys").waitFor({ state: "hidden" });
    });

    it("say so where there is no recording", async () => {
      await page.goto(`${fixture.url}/sessions/s1?at=${fixture.world.opened + 155_000_000}`);
      await page.locator(".label.camera").nth(1).click();
      await page.locator(".stage .cover").getByText(words.gap).waitFor();
    });

    for (const [late, pattern] of [["list of recordings", "**/cameras/cam1/reels"], ["file", "**/cameras/cam1/video.mp4**"]]) {
      it(`keep the camera a person chose, though the first one's ${late} comes late`, async () => {
        let release;
        const held = new Promise((resolve) => (release = resolve));
        let arrived;
        const asked = new Promise((resolve) => (arrived = resolve));
        await page.route(pattern, async (route) => {
          arrived();
          await held;
          await route.continue();
        });
        await page.goto(`${fixture.url}/sessions/s1?at=${fixture.world.opened + 155_000_000}`);
        await asked;
        await page.locator(".label.camera").nth(1).click();
        const cover = page.locator(".stage .cover").getByText(words.gap);
        await cover.waitFor();
        const answered = page.waitForEvent("requestfinished", { predicate: (r) => r.url().includes("/cam1/"), timeout: 3000 }).catch(() => undefined);
        release();
        await answered;
        await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
        assert.equal(await cover.isVisible(), true);
        assert.equal(await page.locator("video").evaluate((v) => v.paused), true);
        await page.unroute(pattern);
      });
    }

    it("take a decision with a reason and a rule, and prove it", async () => {
      await page.goto(`${fixture.url}/sessions/s1?incident=i-head_turned&from=queue`);
      await page.locator(".card.chosen .decide").waitFor();
      await page.keyboard.press("c");
      const submit = page.locator(".el-dialog__footer .el-button--primary");
      await page.locator("#reason").waitFor();
      await page.locator(".name").getByText(words.as).waitFor();
      await page.fill("#reason", "三次转头看邻座屏幕，随后作答");
      assert.equal(await submit.isDisabled(), true, "a confirmation needs a rule");
      await page.locator(".suggested .tool").first().click();
      assert.equal(await submit.isDisabled(), false);
      await page.fill("#reason", "短");
      assert.equal(await submit.isDisabled(), true, "and a reason");
      await page.fill("#reason", "三次转头看邻座屏幕，随后作答");
      assert.deepEqual(await axeFindings(page), []);
      await submit.click();
      await page.getByText(words.decided).waitFor();
      const recorded = fixture.world.opinions.at(-1);
      assert.equal(recorded.violation_code, "C1.4");
      await page.locator(".recorded .proof").getByText(recorded.record.hash).waitFor();
      await page.locator(".recorded .proof .link-button").click();
      await page.locator(".recorded .proof").getByText(words.valid).waitFor();
      await submit.click();
      await page.waitForFunction(() => !location.search.includes("i-head_turned"));
    });

    it("keep a dismissed flag visible, struck through", async () => {
      await page.goto(`${fixture.url}/sessions/s1?incident=i-paste`);
      await page.locator(".card.chosen .decide").waitFor();
      await page.keyboard.press("d");
      await page.fill("#reason", "粘贴的是题目自带的文字");
      await page.keyboard.press("Control+Enter");
      await page.getByText(words.decided).waitFor();
      await page.locator(".el-dialog__footer .el-button").first().click();
      const card = page.locator("#flag-i-paste");
      await card.getByText(words.struck).first().waitFor();
      assert.match(await card.locator(".head .title").evaluate((e) => getComputedStyle(e).textDecorationLine), /line-through/);
      await page.reload();
      await page.locator("#flag-i-paste .head .struck").waitFor();
    });

    it("push new flags into an open session", async () => {
      const base = fixture.world.incidents.find((i) => i.id === "i-second_person");
      const incident = { ...base, id: "i-now", from_us: base.from_us + 3_000_000 };
      fixture.world.incidents.push(incident);
      fixture.push({ type: "incident", incident });
      await page.locator("#flag-i-now").getByText(words.fresh, { exact: true }).waitFor();
    });

    it("switch language in place and settings", async () => {
      await page.goto(`${fixture.url}/settings`);
      await page.locator(".keys").waitFor();
      await healthy(page, "settings");
      const other = language === "en" ? "中文" : "English";
      await page.locator("header").getByText(other, { exact: true }).click();
      assert.equal(await page.locator("html").getAttribute("lang"), language === "en" ? "zh-CN" : "en");
      await page.goto(`${fixture.url}/nowhere/at/all`);
      await page.locator("h1").waitFor();
    });

    it("fit a small screen without scrolling sideways", async () => {
      await page.setViewportSize({ width: 900, height: 700 });
      for (const path of ["/wall", "/queue", "/sessions", "/sessions/s1", "/settings"]) {
        await page.goto(fixture.url + path);
        await page.locator("h1").waitFor();
        const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.ok(over <= 0, `${path} is ${over} px too wide`);
      }
    });

    it("go back to the log-in when the console no longer knows the person", async () => {
      await page.context().clearCookies();
      await page.goto(`${fixture.url}/sessions/s1`);
      await page.waitForURL(/\/login\?next=/);
    });

    it("broke no rule on the way", () => {
      assert.deepEqual(page.troubles, []);
    });
  });
}
