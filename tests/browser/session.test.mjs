// The session page in a real browser: it plays, seeks, explains and takes decisions, in both languages.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { startFixture } from "./fixture_server.mjs";
import { apart, axeFindings, connected, daySecond, healthy, launch, login, openPage, stamp, TEST, until } from "./support.mjs";

const dist = process.env.INVIGIL_WEB;
const WORDS = {
  "zh-CN": { gap: "摄像机停止传输", decided: "已签名并写入日志", valid: "签名有效", turned: "转头张望", as: "张明", struck: "已排除", fresh: "新", notBegun: "届时开始录像", sessions: "场次" },
  en: { gap: "Camera stalled", decided: "Signed and in the log", valid: "Signature valid", turned: "Head turned", as: "张明", struck: "Dismissed", fresh: "New", notBegun: "its recording begins then", sessions: "Sessions" },
};
let browser;
before(async () => (browser = await launch()), TEST);
after(async () => browser?.close(), TEST);

/** The moment the decoder shows, in seconds: the file's beginning and the place in it. */
const moment = (page) => page.locator("video").evaluate((v) => Number(new URL(v.currentSrc).searchParams.get("from")) / 1e6 + v.currentTime);
/** The decoder stands on the frame that was asked for. */
const still = (page) =>
  page.waitForFunction(() => {
    const video = document.querySelector("video");
    return video.paused && !video.seeking && video.readyState >= 2;
  });

for (const language of ["zh-CN", "en"]) {
  describe(`the session page in ${language}`, () => {
    const words = WORDS[language];
    let fixture;
    let page;
    before(async () => {
      fixture = await startFixture({ dist });
      page = await openPage(browser, { language });
      await login(page, fixture.url);
    }, TEST);
    after(async () => {
      await page?.context().close();
      await fixture?.close();
    }, TEST);

    it("play at once, seek, and keep one time", TEST, async () => {
      await page.goto(`${fixture.url}/sessions/s1?incident=i-head_turned`);
      await page.locator(".timeline").waitFor();
      await page.waitForFunction(() => document.querySelector("video")?.currentTime > 0.5 && !document.querySelector("video").paused);
      const flag = fixture.world.incidents.find((i) => i.id === "i-head_turned");
      const lead = apart(await stamp(page), daySecond(flag.from_us));
      assert.ok(lead >= -5, `starts a little before the flag, not ${-lead} s before it`);
      await page.waitForFunction(() => {
        const c = document.querySelector("canvas.overlay");
        return c && c.getContext("2d").getImageData(0, 0, c.width, c.height).data.some((v) => v > 0);
      });
      assert.equal(await page.locator(".card.chosen .title").innerText(), words.turned);
      await page.locator(".card.chosen .facts li").first().waitFor();
      await healthy(page, "session");

      await page.keyboard.press("Space");
      await page.waitForFunction(() => document.querySelector("video").paused);
      await still(page);
      const before = await moment(page);
      await page.keyboard.press("ArrowRight");
      await until(async () => (await moment(page)) > before + 4, "the arrow seeks");
      await still(page);
      // The clock shows the frame that is seen: it lies at most a frame before the place sought.
      assert.ok(Math.abs((await moment(page)) - before - 5) < 0.15, "five seconds on");
      const at = await moment(page);
      await page.keyboard.press("Shift+ArrowRight");
      await until(async () => (await moment(page)) > at, "the arrow steps");
      await still(page);
      assert.ok((await moment(page)) - at < 0.2, "one frame");

      const area = await page.locator(".timeline .area").boundingBox();
      await page.mouse.click(area.x + area.width * 0.1, area.y + 10);
      await still(page);
      const sought = await stamp(page);
      const opened = daySecond(fixture.world.opened);
      assert.ok(apart(sought, opened) >= 0 && apart(sought, opened) < 60, `sought ${apart(sought, opened)}`);
      await page.mouse.move(area.x + area.width * 0.1, area.y + 10);
      await page.mouse.down();
      await page.mouse.move(area.x + area.width * 0.2, area.y + 10, { steps: 5 });
      await page.mouse.up();
      await still(page);
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

    it("show the picture where the pointer rests, and stay where they are", TEST, async () => {
      if (!(await page.locator("video").evaluate((v) => v.paused))) await page.locator(".controls .play").click();
      await still(page);
      const stood = await stamp(page);
      const area = await page.locator(".timeline .area").boundingBox();
      const preview = page.locator(".preview");
      assert.equal(await preview.isVisible(), false);
      await page.mouse.move(area.x + area.width * 0.4, area.y + 10);
      await preview.waitFor();
      const light = await preview.locator("canvas").evaluate((c) => c.getContext("2d").getImageData(c.width / 2, 20, 1, 1).data[0]);
      assert.ok(light > 60, "the room is seen");
      const first = await preview.locator("figcaption").innerText();
      await page.mouse.move(area.x + area.width * 0.6, area.y + 10);
      await page.waitForFunction((text) => document.querySelector(".preview figcaption").textContent !== text, first);
      await page.mouse.move(area.x, area.y - 300);
      await preview.waitFor({ state: "hidden" });
      assert.equal(await stamp(page), stood);
    });

    it("say so before a session has begun, and where there is no session", TEST, async () => {
      await page.goto(`${fixture.url}/sessions/s4`);
      await page.locator(".stage .cover").getByText(words.notBegun).waitFor();
      await page.goto(`${fixture.url}/sessions/nowhere`);
      await page.locator("main [role=alert] a").getByText(words.sessions).waitFor();
      assert.equal(await page.locator("main [role=alert] button").count(), 0, "trying again would be in vain");
    });

    it("keep the decision at hand on a laptop, under a picture of some size", TEST, async () => {
      await page.setViewportSize({ width: 1280, height: 720 });
      await page.goto(`${fixture.url}/sessions/s1?incident=i-head_turned`);
      await page.locator(".card.chosen .rule").first().waitFor();
      const buttons = await page.locator(".card.chosen .decide").boundingBox();
      assert.ok(buttons.y + buttons.height <= 720, `the buttons end at ${buttons.y + buttons.height}`);
      const marks = await page.locator(".legend svg").evaluateAll((list) => list.map((mark) => mark.getBoundingClientRect().width));
      assert.ok(marks.length > 4 && marks.every((width) => width > 5 && width < 30), `marks of the legend: ${marks}`);
      const stage = await page.locator(".stage").boundingBox();
      assert.ok(stage.height >= 300, `the picture is ${stage.height} px high`);
      await page.setViewportSize({ width: 1440, height: 900 });
    });

    it("say so where there is no recording", TEST, async () => {
      await page.goto(`${fixture.url}/sessions/s1?at=${fixture.world.opened + 155_000_000}`);
      await page.locator(".label.camera").nth(1).click();
      await page.locator(".stage .cover").getByText(words.gap).waitFor();
    });

    it("take a decision with a reason and a rule, and prove it", TEST, async () => {
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

    it("keep a dismissed flag visible, struck through", TEST, async () => {
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

    it("push new flags into an open session", TEST, async () => {
      await connected(page);
      const base = fixture.world.incidents.find((i) => i.id === "i-second_person");
      const incident = { ...base, id: "i-now", from_us: base.from_us + 3_000_000 };
      fixture.world.incidents.push(incident);
      fixture.push({ type: "incident", incident });
      await page.locator("#flag-i-now").getByText(words.fresh, { exact: true }).waitFor();
    });

    it("broke no rule on the way", () => {
      assert.deepEqual(page.troubles, []);
    });
  });
}
