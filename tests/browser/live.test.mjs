// The whole system in a real browser: cameras, agents, broker, analysis and console run; a person looks and decides.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { startDemo } from "./demo.mjs";
import { apart, axeFindings, launch, openPage, until } from "./support.mjs";

const build = process.env.INVIGIL_BUILD ?? dirname(process.env.INVIGIL_WEB);
const FLAG_MS = 60_000; // the story's first flags come some 20 s after the opening
const STEP_MS = 20_000;
let demo;
let browser;
/** Longest for a test: a few waits of the story's length. ctest and run.mjs end the whole. */
const TEST = { timeout: 150_000 };
before(async () => {
  demo = await startDemo(build);
  browser = await launch();
}, { timeout: 90_000 });
after(async () => {
  await browser?.close();
  await demo?.end();
}, { timeout: 60_000 });

async function logIn(user, language) {
  const page = await openPage(browser, { language });
  page.setDefaultTimeout(STEP_MS);
  await page.goto(`${demo.url}/wall`);
  await page.fill("#user", user);
  await page.fill("#password", demo.passwords[user]);
  await page.click("button[type=submit]");
  await page.locator("header.header").waitFor();
  assert.equal(await page.locator("html").getAttribute("lang"), language);
  return page;
}
/** Seconds of the day from "00:17:57". */
const daySeconds = (text) => text.trim().slice(-8).split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
const cards = (page) => page.locator(".card").evaluateAll((list) => list.map((c) => c.id));
/** Chooses a flag and waits for its words. */
async function choose(page, id) {
  const card = page.locator(`#${id}`);
  if ((await card.locator(".head").getAttribute("aria-expanded")) !== "true") await card.locator(".head").click();
  await card.locator(".sentence").waitFor();
  return card;
}
const playing = (page, beyond) => page.waitForFunction((t) => document.querySelector("video")?.currentTime > t, beyond);
const chinaNames = () => ["north", "south"].flatMap((c) => JSON.parse(readFileSync(join(demo.data, `plan-${c}.json`), "utf8")).sessions.flatMap((s) => s.roster.map((r) => r.name)));

describe("the running system", () => {
  let page;
  /** A session page that is open from the beginning: however slow the machine, flags come into it, not before it. */
  let desk;
  let flag;

  it("log in and see the rooms, Chinese first", TEST, async () => {
    desk = await logIn("inspector", "zh-CN");
    await desk.goto(`${demo.url}/sessions/north-theory-1?room=n1`);
    await desk.locator(".timeline").waitFor();
    await desk.evaluate(() => (window.sameDocument = true));
    desk.knownAtFirst = await cards(desk);
    page = await logIn("inspector", "zh-CN");
    await page.locator(".tile").nth(2).waitFor();
    await page.evaluate(() => (window.sameDocument = true));
    // A picture of now on every tile: not black, and with the camera's time.
    await page.waitForFunction(() => {
      const tiles = [...document.querySelectorAll(".tile")].filter((tile) => tile.querySelector("canvas")); // a room may have no camera
      return tiles.length === 3 && tiles.every((tile) => {
        const canvas = tile.querySelector("canvas");
        return tile.querySelector(".stamp") && canvas && canvas.getContext("2d").getImageData(0, canvas.height / 4, canvas.width, 1).data.some((v, i) => i % 4 !== 3 && v > 60);
      });
    });
    assert.match(await page.locator(".tile .stamp").first().innerText(), /^\d\d:\d\d:\d\d$/);
  });

  it("a flag comes to the wall without a reload, its room first", TEST, async () => {
    await page.locator(".tile[class*=flag-]").first().waitFor({ timeout: FLAG_MS });
    assert.match(await page.locator(".tile").first().getAttribute("class"), /flag-/);
    await page.locator(".tile[class*=flag-] .state").first().getByText(/条待复核/).waitFor();
    assert.equal(await page.evaluate(() => window.sameDocument), true);
  });

  it("a flag comes into an open session page, in words", TEST, async () => {
    await page.context().close();
    assert.deepEqual(page.troubles, []);
    page = desk;
    await page.waitForFunction((ids) => [...document.querySelectorAll(".card")].some((c) => !ids.includes(c.id)), page.knownAtFirst, { timeout: FLAG_MS });
    assert.equal(await page.evaluate(() => window.sameDocument), true);
    const empty = page.locator(".card", { hasText: "座位无人" });
    await empty.first().waitFor({ timeout: FLAG_MS });
    flag = await empty.first().getAttribute("id");
    const card = await choose(page, flag);
    assert.match(await card.locator(".sentence").innerText(), /^n1-\d\d 号座连续 .+未见考生。$/);
    await card.getByText("未测定").waitFor();
  });

  it("the video plays, the seats lie over it", TEST, async () => {
    await playing(page, 1);
    const at = await page.evaluate(() => document.querySelector("video").currentTime);
    await playing(page, at + 0.5);
    await page.waitForFunction(() => {
      const c = document.querySelector("canvas.overlay");
      return c && c.getContext("2d").getImageData(0, 0, c.width, c.height).data.some((v) => v > 0);
    });
    assert.deepEqual(await axeFindings(page), []);
  });

  it("a click on the timeline lands there", TEST, async () => {
    await page.locator(`#${flag} .head`).click();
    await page.waitForFunction(() => !document.querySelector("video").paused && !document.querySelector("video").seeking);
    await page.keyboard.press("Space"); // pauses; it does not press the flag again
    await page.waitForFunction(() => document.querySelector("video").paused);
    const area = await page.locator(".timeline .area").boundingBox();
    for (const share of [0.3, 0.1]) {
      await page.mouse.move(area.x + area.width * share, area.y + 8);
      const wanted = daySeconds(await page.locator(".hover-time").innerText());
      await page.mouse.down();
      await page.mouse.up();
      // Landed: the decoder shows a frame, and the file's own time, the stamp and the place clicked agree.
      await page.waitForFunction(
        (s) => {
          const video = document.querySelector("video");
          const shown = document.querySelector(".controls .now").textContent.trim().slice(-8).split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
          const off = ((((shown - s + 43_200) % 86_400) + 86_400) % 86_400) - 43_200;
          return !video.seeking && video.readyState >= 2 && Math.abs(off) <= 2;
        },
        wanted,
      );
      const [src, seconds] = await page.evaluate(() => [document.querySelector("video").currentSrc, document.querySelector("video").currentTime]);
      const wall = (Number(new URL(src).searchParams.get("from")) / 1e6 + seconds + 8 * 3600) % 86_400;
      assert.ok(Math.abs(apart(wall, wanted)) <= 2, `clicked at ${wanted} s, the video stands at ${wall} s of the day`);
    }
  });

  it("an opinion given through the dialog stands in the log, signed", TEST, async () => {
    await choose(page, flag);
    await page.keyboard.press("d");
    await page.fill("#reason", "考生经监考员同意离座，已回到原位");
    await page.locator(".el-dialog .name").getByText("王督导").waitFor();
    await page.keyboard.press("Control+Enter");
    const proof = page.locator(".recorded .proof");
    await proof.getByText("person/inspector@main").waitFor();
    const hash = (await proof.innerText()).match(/\b[0-9a-f]{64}\b/)?.[0];
    assert.ok(hash, "the record's hash is shown");
    // The stream's head is signed within two seconds: ask until it is.
    const signed = async () => {
      if ((await proof.locator(".good").count()) > 0) return true;
      // The button goes as soon as there is a signature: a click that finds none is no failure.
      await proof.locator(".link-button").click({ timeout: 1000 }).catch(() => undefined);
      return false;
    };
    await until(signed, "a valid signature", STEP_MS);
    await proof.getByText("签名有效").waitFor();
    await page.locator(".el-dialog__footer .el-button").first().click();
    const struck = page.locator(`#${flag} .head .struck`);
    await struck.waitFor();
    await page.reload();
    await struck.waitFor();
    const card = await choose(page, flag);
    await card.locator(".opinions").getByText("考生经监考员同意离座").waitFor();
    assert.equal(await page.evaluate(() => fetch("/v1/me").then((r) => r.status)), 200);
  });

  it("the same in English, and a confirmation cites its rule", TEST, async () => {
    const english = await logIn("inspector", "en");
    await english.locator(".tile .state").getByText(/to review/).first().waitFor({ timeout: FLAG_MS });
    await english.goto(`${demo.url}/queue`);
    await english.locator(".item", { hasText: "Lens covered" }).first().waitFor({ timeout: FLAG_MS });
    await english.goto(`${demo.url}/sessions/north-theory-1?room=n2`);
    const covered = english.locator(".card", { hasText: "Lens covered" }).first();
    await covered.waitFor();
    const card = await choose(english, await covered.getAttribute("id"));
    assert.match(await card.locator(".sentence").innerText(), /was covered for/);
    await playing(english, 1);
    await english.keyboard.press("c");
    await english.fill("#reason", "A sheet of paper was held over the lens");
    assert.equal(await english.locator(".el-dialog__footer .el-button--primary").isDisabled(), true, "a rule is needed");
    await english.locator(".suggested .tool").first().click();
    await english.keyboard.press("Control+Enter");
    await english.locator(".recorded .proof").getByText(/[0-9a-f]{64}/).waitFor();
    await english.locator(".el-dialog__footer .el-button").first().click();
    await card.locator(".head").getByText("Confirmed").waitFor();
    await english.locator("header").getByText("中文", { exact: true }).click();
    await card.locator(".head").getByText("已确认").waitFor();
    assert.deepEqual(english.troubles, []);
    await english.context().close();
  });

  it("who copied is found after the close: both answers side by side, in a room without a camera", TEST, async () => {
    await page.goto(`${demo.url}/sessions/north-theory-2`);
    await page.locator(".blind").waitFor();
    const found = page.locator(".card", { hasText: "答案异常相似" });
    await found.first().waitFor({ timeout: FLAG_MS });
    const card = await choose(page, await found.first().getAttribute("id"));
    const [, shared, matches, wrong] = (await card.locator(".sentence").innerText()).match(/的 (\d+) 题中有 (\d+) 题选项相同.+其中 (\d+) 题错得一样/);
    assert.ok(Number(matches) <= Number(shared) && Number(wrong) <= Number(matches));
    await page.locator(".strings table").first().waitFor();
    assert.equal(await page.locator(".strings .signs td.shared_wrong").count(), Number(wrong), "as many marked as the flag says");
    assert.equal(await page.locator(".map .letter").count(), 2);
    assert.equal(await page.locator(".answers .timeline .label.seat").count(), 2);
    await page.locator(".summary").getByText("预计误报").waitFor();
    assert.deepEqual(await axeFindings(page), []);
  });

  it("a regulator sees flags and opinions, no candidate's name, and decides nothing", TEST, async () => {
    await page.goto(`${demo.url}/sessions/north-theory-1?room=n1`);
    await choose(page, flag);
    const shown = await page.locator(".card.chosen .about").innerText();
    assert.ok(chinaNames().some((name) => shown.includes(name)), "an inspector sees who it is about");
    const regulator = await logIn("regulator", "en");
    const bodies = [];
    regulator.on("response", (r) => {
      if (r.url().includes("/v1/") && (r.headers()["content-type"] ?? "").includes("json")) bodies.push(r.text().catch(() => ""));
    });
    await regulator.goto(`${demo.url}/sessions/north-theory-1?room=n1`);
    const card = await choose(regulator, flag);
    await card.locator(".opinions").getByText("王督导").waitFor();
    assert.equal(await card.locator(".decide").count(), 0);
    const compared = await regulator.evaluate(() => fetch("/v1/sessions/north-theory-2/forensics").then((r) => r.text()));
    assert.ok(JSON.parse(compared).people.length > 1, "a regulator reads the comparison of answers");
    const everything = (await Promise.all(bodies)).join("\n") + compared + (await regulator.content());
    assert.ok(bodies.length > 2);
    assert.deepEqual(chinaNames().filter((name) => everything.includes(name)), []);
    assert.deepEqual(regulator.troubles, []);
    await regulator.context().close();
  });

  it("broke no policy on the way", () => assert.deepEqual(page.troubles, []));
});
