// Answer forensics on the session page, in both languages: what was tested, the pairs, seats, answers and lanes of a pair, the decision.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { watched } from "./fixture_answers.mjs";
import { startFixture } from "./fixture_server.mjs";
import { apart, axeFindings, connected, daySecond, drawn, healthy, launch, login, openPage, stamp, TEST, until } from "./support.mjs";

const dist = process.env.INVIGIL_WEB;
const WORDS = {
  "zh-CN": { title: "答案异常相似", expected: "若人人诚实，本场预计误报 0.034 人", group: "同组共检验 89 对", decided: "已签名并写入日志", few: "少于 20 名", noKey: "没有标准答案", after: "考试结束后才比对答案", quiet: "结束前不作判断", similarity: "答案相似", notProof: "不能单独认定违规", noCamera: "本考场没有摄像机", neighbours: "邻座" },
  en: { title: "Answers too alike", expected: "0.034 false flags expected in this exam, were all honest", group: "89 pairs tested in this group", decided: "Signed and in the log", few: "fewer than 20", noKey: "No key", after: "Answers are compared after the close", quiet: "no judgement before the close", similarity: "Similar answers", notProof: "alone it proves nothing", noCamera: "This room has no camera", neighbours: "Neighbouring seats" },
};
let browser;
before(async () => (browser = await launch()), TEST);
after(async () => browser?.close(), TEST);

for (const language of ["zh-CN", "en"]) {
  describe(`answer forensics in ${language}`, () => {
    const words = WORDS[language];
    let fixture;
    let page;
    let pair;
    before(async () => {
      fixture = await startFixture({ dist });
      page = await openPage(browser, { language });
      await login(page, fixture.url);
      pair = fixture.world.forensics.s5.pairs[0];
    }, TEST);
    after(async () => {
      await page?.context().close();
      await fixture?.close();
    }, TEST);
    const person = (id) => fixture.world.forensics.s5.people.find((p) => p.candidate === id);
    const open = async () => {
      await page.goto(`${fixture.url}/sessions/s5?incident=i-similar`);
      await page.locator(".strings table").first().waitFor();
    };

    it("a flag's own address opens the comparison, in words with its figures", TEST, async () => {
      await page.goto(`${fixture.url}/queue`);
      await page.locator("#incident-i-similar a").click();
      await page.waitForURL(/incident=i-similar/);
      await page.locator(".strings table").first().waitFor();
      await page.waitForURL(/view=answers/);
      const card = page.locator(".card.chosen");
      assert.equal(await card.locator(".title").innerText(), words.title);
      const sentence = await card.locator(".sentence").innerText();
      for (const n of [pair.matches, pair.shared_items, pair.shared_wrong, Number(pair.expected.toPrecision(3))]) assert.ok(sentence.includes(String(n)), `${n} in "${sentence}"`);
      await card.getByText(words.expected).waitFor();
      await card.getByText(words.group).waitFor();
      await card.getByText(words.neighbours, { exact: true }).waitFor();
      assert.match(await card.locator(".facts").innerText(), /1\.2×10⁻¹⁰/);
      assert.equal(await card.locator(".decide button").count(), 3);
      assert.equal(await page.locator(".summary .expect strong").first().innerText(), "0.034");
      await page.locator(".summary .families").getByText("346").waitFor();
      assert.equal(await page.locator("video").evaluate((v) => v.paused), true, "nothing plays unseen");
      await healthy(page, "answers");
    });

    it("the pair's seats are linked and told", TEST, async () => {
      const map = page.locator(".map svg[role=img]");
      const told = await map.getAttribute("aria-label");
      for (const id of [pair.a, pair.b]) assert.ok(told.includes(person(id).seat), told);
      assert.equal(await map.locator(".link").count(), 1);
      assert.deepEqual(await map.locator(".letter").allTextContents().then((l) => l.sort()), ["A", "B"]);
      assert.equal(await map.locator("rect.seat").count(), 30);
    });

    it("both answers stand side by side with the key, the same wrong ones marked", TEST, async () => {
      const { items } = fixture.world.exam.pair(pair.a, pair.b);
      const row = (start) => page.locator(".strings tr").evaluateAll((all, s) => all.filter((r) => (r.querySelector("th.label[title]")?.title ?? "").startsWith(s)).flatMap((r) => [...r.querySelectorAll("td")].map((c) => c.innerText.trim())), start);
      assert.deepEqual(await row("A "), items.map((i) => i.a || "–"));
      assert.deepEqual(await row("B "), items.map((i) => i.b || "–"));
      assert.deepEqual(await page.locator(".strings tr.key td").allInnerTexts(), items.map((i) => i.key));
      assert.equal(await page.locator(".strings .signs td.shared_wrong").count(), pair.shared_wrong);
      await page.locator(".strings .head .tool").click();
      await until(async () => (await page.locator(".strings .signs td").count()) === pair.shared_wrong, "only the same wrong ones");
      await page.locator(".strings .head .tool").click();
    });

    it("both candidates' lanes stand on the page's time, and an item leads to its moment of the recording", TEST, async () => {
      const labels = await page.locator(".answers .timeline .label.seat").allInnerTexts();
      assert.deepEqual(labels.map((l) => l.trim().split(/\s+/).slice(0, 2).join(" ")), [`A ${person(pair.a).seat}`, `B ${person(pair.b).seat}`]);
      assert.ok((await page.locator(".answers .timeline .tick-bar").count()) > 50);
      const { items } = fixture.world.exam.pair(pair.a, pair.b);
      const k = items.findIndex((i, j) => j > 20 && i.a && i.b);
      await page.locator(".strings .item").nth(k).click();
      const wanted = daySecond(Math.max(items[k].a_us, items[k].b_us) - 3_000_000);
      await page.locator(".to-video .tool").click();
      await page.locator(".stage").waitFor();
      await page.waitForFunction(() => document.querySelector("video").readyState >= 2 && !document.querySelector("video").seeking);
      assert.ok(Math.abs(apart(await stamp(page), wanted)) <= 2, "the recording stands before the later answer");
      await page.waitForURL((url) => !url.search.includes("view="));
      await page.keyboard.press("a");
      await page.locator(".strings table").first().waitFor();
    });

    it("another pair by keyboard, with what else speaks about each of the two", TEST, async () => {
      const second = fixture.world.forensics.s5.pairs[1];
      await page.locator(".pairs .who").nth(1).focus();
      await page.keyboard.press("Enter");
      await page.locator(".words h2").getByText(person(second.a).name).waitFor();
      assert.equal(await page.locator(".pairs .who").nth(1).getAttribute("aria-pressed"), "true");
      await page.locator(".words .person").first().getByText(words.similarity).waitFor();
      assert.equal(await page.locator(".card.chosen").count(), 0, "no flag was made of it, so none is chosen");
      await page.keyboard.press("d");
      await drawn(page);
      assert.equal(await page.locator("#reason").count(), 0);
      await page.locator(".pairs .more .link-button").click();
      await until(async () => (await page.locator(".pairs .who").count()) === 200, "all listed pairs");
    });

    it("a flag about one person or a group leads to that person or group", TEST, async () => {
      await page.goto(`${fixture.url}/sessions/s5?incident=i-fast`);
      await page.locator(".people tr[aria-current]").getByText(person("k-304").name).waitFor();
      assert.match(await page.locator(".card.chosen .sentence").innerText(), /41/);
      await page.locator("#flag-i-ring .head").click();
      await page.locator(".rings li[aria-current]").getByText(person("k-314").name).waitFor();
      await page.locator(".rings").getByText("T2").waitFor();
      await page.locator("#flag-i-similar .head").click();
      await page.locator(".words h2").getByText(person(pair.a).name).waitFor();
    });

    it("says what the method cannot", TEST, async () => {
      await open();
      await page.locator(".limits summary").click();
      await page.locator(".limits").getByText(words.notProof).waitFor();
      await page.locator(".people summary").click();
      assert.ok((await page.locator(".people tbody tr").count()) >= 4);
      assert.deepEqual(await axeFindings(page), []);
    });

    it("the flag is decided as any other", TEST, async () => {
      await open();
      await page.keyboard.press("d");
      await page.fill("#reason", "两人为同班学员，录像中未见交流");
      await page.keyboard.press("Control+Enter");
      await page.getByText(words.decided).waitFor();
      const recorded = fixture.world.opinions.at(-1);
      assert.deepEqual([recorded.incident, recorded.outcome], ["i-similar", "dismiss"]);
      await page.locator(".el-dialog__footer .el-button").first().click();
      await page.locator("#flag-i-similar .head .struck").waitFor();
      assert.equal(await page.locator(".strings").count(), 1, "the comparison stays");
    });

    it("says why no statistic was made", TEST, async () => {
      await page.goto(`${fixture.url}/sessions/s3?view=answers`);
      await page.locator(".summary .untested").waitFor();
      await page.locator(".notes").getByText(words.few).waitFor();
      await page.locator(".notes").getByText(words.noKey).waitFor();
      assert.equal(await page.locator(".pairs").count(), 0);
      await page.goto(`${fixture.url}/sessions/s4?view=answers`);
      await page.getByText(words.after).waitFor();
      await healthy(page, "answers that are not there");
    });

    it("figures of a running session are shown quietly, and pushed", TEST, async () => {
      await page.goto(`${fixture.url}/sessions/s1?view=answers`);
      await page.locator(".watch table").waitFor();
      await page.locator(".watch").getByText(words.quiet).waitFor();
      assert.equal(await page.locator(".watch .chip").count(), 0, "no level, no severity");
      await connected(page);
      const now = watched("s1", "r1", fixture.world.now + 1_000_000);
      const push = (w) => fixture.push({ type: "watch", centre: "c1", ...w });
      push({ ...now, items: 19, pairs: [{ ...now.pairs[0], matches: 16 }] });
      await page.locator(".watch td").getByText("16 / 9.8").waitFor();
      push({ ...now, at_us: fixture.world.now - 9_000_000, pairs: [{ ...now.pairs[0], matches: 3 }] }); // older: changes nothing
      push({ ...now, at_us: fixture.world.now + 2_000_000, items: 20, pairs: [{ ...now.pairs[0], matches: 17 }] });
      await page.locator(".watch td").getByText("17 / 9.8").waitFor();
      assert.equal(await page.locator(".watch tbody tr").count(), 1);
      await healthy(page, "watch");
    });

    it("a room without a camera has its flags, events and answers", TEST, async (t) => {
      const blind = async (route) => {
        const answer = await route.fetch();
        const whole = await answer.json();
        whole.rooms[0].cameras = [];
        await route.fulfill({ response: answer, json: whole });
      };
      await page.route("**/v1/sessions/s5", blind);
      t.after(() => page.unroute("**/v1/sessions/s5", blind));
      await page.goto(`${fixture.url}/sessions/s5`);
      await page.locator(".blind").getByText(words.noCamera).waitFor();
      await page.locator(".timeline .tick-bar").first().waitFor();
      const area = await page.locator(".timeline .area").boundingBox();
      await page.mouse.click(area.x + area.width * 0.5, area.y + 10);
      await page.keyboard.press("Space");
      await drawn(page);
      await page.locator("#flag-i-similar .head").click();
      await page.locator(".strings table").first().waitFor();
      assert.equal(await page.locator(".answers .timeline .label.seat").count(), 2);
    });

    it("fits a small screen", TEST, async () => {
      await page.setViewportSize({ width: 900, height: 700 });
      await open();
      const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(over <= 0, `${over} px too wide`);
      assert.deepEqual(await axeFindings(page), []);
    });

    it("broke no rule on the way", () => assert.deepEqual(page.troubles, []));
  });
}
