// What a person does while answers are still on their way: the newest wish counts, nothing late undoes it, nothing is lost.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { summary } from "./fixture_data.mjs";
import { startFixture } from "./fixture_server.mjs";
import { apart, connected, daySecond, drawn, hold, launch, login, openPage, stamp, TEST, until } from "./support.mjs";

const dist = process.env.INVIGIL_WEB;
const GAP = "摄像机停止传输";
let browser;
before(async () => (browser = await launch()), TEST);
after(async () => browser?.close(), TEST);

const playing = (page) => page.waitForFunction(() => document.querySelector("video")?.currentTime > 0.3 && !document.querySelector("video").paused);
const shown = (page) => page.locator("video").evaluate((v) => v.getAttribute("src") ?? "");
/** The answers to these requests have come and the page has done with them what it does. */
async function settled(page, stand) {
  await stand.release();
  await drawn(page);
  await drawn(page);
}

describe("while answers are on their way", () => {
  let fixture;
  let page;
  before(async () => {
    fixture = await startFixture({ dist });
    page = await openPage(browser);
    await login(page, fixture.url);
  }, TEST);
  after(async () => {
    await page?.context().close();
    await fixture?.close();
  }, TEST);
  const at = (seconds) => fixture.world.opened + seconds * 1_000_000;
  const flag = (id) => fixture.world.incidents.find((i) => i.id === id);

  for (const [late, pattern] of [["list of recordings", "**/cameras/cam1/reels"], ["file", "**/cameras/cam1/video.mp4**"]]) {
    it(`keep the camera a person chose, though the first one's ${late} comes late`, TEST, async (t) => {
      const stand = await hold(t, page, pattern);
      await page.goto(`${fixture.url}/sessions/s1?at=${at(155)}`);
      await stand.asked;
      await page.locator(".label.camera").nth(1).click();
      const cover = page.locator(".stage .cover").getByText(GAP);
      await cover.waitFor();
      await settled(page, stand);
      assert.equal(await cover.isVisible(), true);
      assert.equal(await page.locator("video").evaluate((v) => v.paused), true);
      assert.equal(await shown(page), "");
    });
  }

  it("keep the moment a person chose while the list of recordings was on its way", TEST, async (t) => {
    const stand = await hold(t, page, "**/cameras/cam1/reels");
    await page.goto(`${fixture.url}/sessions/s1?at=${at(20)}`);
    await stand.asked;
    const area = await page.locator(".timeline .area").boundingBox();
    await page.mouse.click(area.x + area.width * 0.5, area.y + 10);
    const wanted = await stamp(page);
    assert.ok(apart(wanted, daySecond(at(20))) > 60, "the clock follows the click at once");
    await settled(page, stand);
    await playing(page);
    const stands = apart(await stamp(page), wanted);
    assert.ok(stands >= -2 && stands < 30, `the video begins ${stands} s after the place clicked`);
  });

  it("show the flag chosen last, whatever order the answers come in", TEST, async (t) => {
    await page.goto(`${fixture.url}/sessions/s1?at=${at(20)}`);
    await playing(page);
    const stand = await hold(t, page, "**/cameras/cam2/reels");
    await page.locator("#flag-i-signal_lost .head").click(); // on the second camera, whose files are not known yet
    await stand.asked;
    await page.locator("#flag-i-head_turned .head").click();
    await page.waitForURL(/incident=i-head_turned/);
    await settled(page, stand);
    await playing(page);
    assert.match(await shown(page), /cam1/);
    assert.match(page.url(), /incident=i-head_turned/);
    assert.equal(await page.locator(".card.chosen").getAttribute("id"), "flag-i-head_turned");
    const lead = apart(await stamp(page), daySecond(flag("i-head_turned").from_us));
    assert.ok(lead >= -5 && lead < 20, `${lead} s from the flag`);
  });

  it("play the flag chosen last, though the file of the one before it never began to play", TEST, async (t) => {
    await page.goto(`${fixture.url}/sessions/s1?at=${at(20)}`);
    await playing(page);
    const stand = await hold(t, page, "**/cameras/cam1/video.mp4**");
    await page.locator("#flag-i-dark .head").click();
    await stand.asked;
    await page.locator("#flag-i-answer_burst .head").click();
    await settled(page, stand);
    await playing(page);
    const lead = apart(await stamp(page), daySecond(flag("i-answer_burst").from_us));
    assert.ok(lead >= -5 && lead < 20, `${lead} s from the flag`);
  });

  it("a room chosen before its flags were there stays chosen", TEST, async (t) => {
    const stand = await hold(t, page, "**/sessions/s1/timeline**");
    await page.goto(`${fixture.url}/sessions/s1`);
    await stand.asked;
    const second = page.locator(".rooms:not(.views) .tool").nth(1);
    await second.click();
    await page.waitForFunction(() => document.querySelector("video")?.getAttribute("src")?.includes("cam3"));
    await settled(page, stand);
    assert.equal(await second.getAttribute("aria-pressed"), "true");
    assert.match(await shown(page), /cam3/);
    assert.doesNotMatch(page.url(), /incident=/);
  });

  it("a flag of another room is not decided by a key", TEST, async () => {
    await page.goto(`${fixture.url}/sessions/s1?incident=i-paste`);
    await page.locator("#flag-i-paste .decide").waitFor();
    await page.locator(".rooms:not(.views) .tool").nth(1).click();
    await page.locator("#flag-i-paste").waitFor({ state: "detached" });
    await page.keyboard.press("d");
    await drawn(page);
    assert.equal(await page.locator("#reason").count(), 0);
  });

  it("a flag pushed while the page loads is not lost", TEST, async (t) => {
    const stand = await hold(t, page, "**/sessions/s1/timeline?types=incident**");
    await page.goto(`${fixture.url}/sessions/s1?at=${at(20)}`);
    await stand.asked;
    await connected(page);
    // It lies long before now, and the answer that is held knows nothing of it: an incident says what it says, not when it is asked for.
    const pushed = { ...flag("i-paste"), id: "i-meanwhile", from_us: at(5), to_us: at(6), at_us: at(300) };
    fixture.push({ type: "incident", incident: pushed });
    await page.locator("#flag-i-meanwhile").waitFor();
    await settled(page, stand);
    await page.locator("#flag-i-head_turned").waitFor();
    assert.equal(await page.locator("#flag-i-meanwhile").count(), 1);
  });

  it("a flag made before the pushes reached the page is asked for", TEST, async (t) => {
    await page.goto(`${fixture.url}/queue`);
    await page.locator(".item").first().waitFor();
    const stand = await hold(t, page, "**/v1/me"); // the socket opens only for a known person
    const loaded = page.goto(`${fixture.url}/queue`);
    await stand.asked;
    await stand.release();
    await loaded;
    await connected(page);
    fixture.world.incidents.push({ ...flag("i-paste"), id: "i-unpushed", worth: 50 });
    for (const socket of fixture.sockets) socket.close(); // what happens until it is back was pushed to nobody
    await page.locator("#incident-i-unpushed").waitFor();
    fixture.world.incidents = fixture.world.incidents.filter((i) => i.id !== "i-unpushed");
  });

  it("the list of the filter chosen last is shown, though the other one comes later", TEST, async (t) => {
    await page.goto(`${fixture.url}/sessions?state=closed`);
    await page.locator("table a.title").first().waitFor();
    const stand = await hold(t, page, "**/v1/sessions?**flagged=true**");
    await page.locator(".flagged .el-switch").click();
    await stand.asked;
    await page.locator(".flagged .el-switch").click();
    await page.waitForURL((url) => !url.search.includes("flagged"));
    await settled(page, stand);
    assert.equal(await page.locator("table a.title").count(), 2, "the closed ones, flagged or not");
  });

  it("the answers of the pair chosen last are shown, though the other's come later", TEST, async (t) => {
    await page.goto(`${fixture.url}/sessions/s5?view=answers`);
    await page.locator(".strings table").first().waitFor();
    const rows = page.locator(".pairs .who");
    const stand = await hold(t, page, "**/forensics/pair?**");
    await rows.nth(1).click();
    await stand.asked;
    await rows.nth(2).click();
    await until(() => stand.count === 2, "both pairs are asked for");
    await settled(page, stand);
    await page.locator(".strings table").first().waitFor();
    const pair = fixture.world.forensics.s5.pairs[2];
    const { items } = fixture.world.exam.pair(pair.a, pair.b);
    const cells = await page.locator(".strings tr").evaluateAll((all) => all.filter((r) => r.querySelector("th[title^='B ']")).flatMap((r) => [...r.querySelectorAll("td")].map((c) => c.innerText.trim())));
    assert.deepEqual(cells, items.map((i) => i.b || "–"));
  });

  it("from one file to the next the last picture stands until the next one is there", TEST, async (t) => {
    const stand = await hold(t, page, (url) => url.pathname.endsWith("video.mp4") && url.searchParams.get("from") === String(at(60)));
    await page.goto(`${fixture.url}/sessions/s1?at=${at(57)}`);
    await stand.asked;
    const kept = page.locator("canvas.last");
    await kept.waitFor();
    const dark = await kept.evaluate((c) => c.getContext("2d").getImageData(0, 0, c.width, c.height).data.every((v, i) => i % 4 === 3 || v < 16));
    assert.equal(dark, false, "the room is still to be seen");
    await settled(page, stand);
    await playing(page);
    await kept.waitFor({ state: "hidden" });
    assert.ok(apart(await stamp(page), daySecond(at(60))) > -2, "it goes on where the next file begins");
  });

  it("leaving the page while it loads leaves nothing behind", TEST, async (t) => {
    const stand = await hold(t, page, "**/sessions/s1/timeline**");
    await page.goto(`${fixture.url}/sessions/s1?incident=i-head_turned`);
    await stand.asked;
    await page.locator("nav a").nth(2).click();
    await page.waitForURL(/\/sessions$/);
    await settled(page, stand);
    assert.match(page.url(), /\/sessions$/, "no incident in an address that is not the session's");
    await page.locator("table a.title").first().waitFor();
    const asked = [];
    const note = (request) => /\/v1\/sessions\/s1/.test(request.url()) && asked.push(request.url());
    page.on("request", note);
    fixture.push({ type: "session", session: summary(fixture.world, fixture.world.sessions[0]) });
    await drawn(page);
    page.off("request", note);
    assert.deepEqual(asked, []);
  });

  it("an opinion that is recorded late stands at its own flag only", TEST, async (t) => {
    await page.goto(`${fixture.url}/sessions/s1?incident=i-moved`);
    await page.locator("#flag-i-moved .decide").waitFor();
    await page.keyboard.press("d");
    await page.fill("#reason", "摄像机由考点工作人员扶正");
    const stand = await hold(t, page, "**/incidents/i-moved/opinions");
    await page.keyboard.press("Control+Enter");
    await stand.asked;
    await page.keyboard.press("Escape");
    await drawn(page);
    assert.equal(await page.locator("#reason").isVisible(), true, "signing is not interrupted half-way");
    await stand.release();
    await page.locator(".recorded .proof").waitFor();
    assert.equal(fixture.world.opinions.filter((o) => o.incident === "i-moved").length, 1);
    await page.locator(".el-dialog__footer .el-button").first().click();
    await page.locator("#flag-i-moved .head .struck").waitFor();
  });

  it("a queue that cannot be asked is said, and the page stays", TEST, async (t) => {
    await page.goto(`${fixture.url}/sessions/s1?incident=i-frozen&from=queue`);
    await page.locator("#flag-i-frozen .decide").waitFor();
    await page.keyboard.press("d");
    await page.fill("#reason", "画面静止因设备重启，已核实");
    await page.keyboard.press("Control+Enter");
    await page.locator(".recorded .proof").waitFor();
    const refuse = (route) => route.fulfill({ status: 503, contentType: "application/json", body: JSON.stringify({ code: "unavailable", parameters: {}, message: "" }) });
    await page.route("**/v1/incidents?**", refuse);
    t.after(() => page.unroute("**/v1/incidents?**", refuse));
    await page.locator(".el-dialog__footer .el-button--primary").click();
    await page.locator(".notice.bad").waitFor();
    assert.match(page.url(), /\/sessions\/s1/);
  });

  it("a list of recordings that could not be fetched is fetched by the retry", TEST, async (t) => {
    const refuse = (route) => route.fulfill({ status: 503, contentType: "application/json", body: JSON.stringify({ code: "unavailable", parameters: {}, message: "" }) });
    await page.route("**/cameras/cam1/reels", refuse);
    t.after(() => page.unroute("**/cameras/cam1/reels", refuse));
    await page.goto(`${fixture.url}/sessions/s1?at=${at(20)}`);
    const retry = page.locator(".stage .cover .tool");
    await retry.waitFor();
    await page.unroute("**/cameras/cam1/reels", refuse);
    await retry.click();
    await playing(page);
    assert.equal(await page.locator(".notice.bad").count(), 0);
  });

  it("broke no rule on the way", () => assert.deepEqual(page.troubles, []));
});
