// A stand-in for the console while only the pages are under test: recorded shapes, generated video, the strict policy.
// Never part of the product; the end-to-end tests drive the real console. Run by hand: node fixture_server.mjs DIST [PORT]
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { untested } from "./fixture_answers.mjs";
import { byWorth, CODES, events, makeWorld, queueCounts, recordPlace, reels, scenes, summary, wall, whole } from "./fixture_data.mjs";
import { makeMedia } from "./fixture_media.mjs";
import { accept } from "./fixture_socket.mjs";

/** As strict as the console's own: nothing inline, nothing from elsewhere. */
export const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const ME = { user: "zhangming", display_name: "张明", role: "inspector", scope: [], rights: ["read_sessions", "read_names", "read_incidents", "give_opinions", "view_evidence", "read_records"], expires_us: 4_102_444_800_000_000 };

export async function startFixture({ dist, port = 0 }) {
  const media = await makeMedia();
  const world = makeWorld(Date.now() * 1000);
  const sockets = new Set();
  let failures = 0;
  const known = (request) => /(?:^|; )invigil=fixture/.test(request.headers.cookie ?? "");

  function json(response, status, body, headers = {}) {
    response.writeHead(status, { "Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store", ...headers });
    response.end(body === undefined ? undefined : JSON.stringify(body));
  }
  const refuse = (response, status, code, parameters = {}) => json(response, status, { code, parameters, message: code });
  const push = (message) => sockets.forEach((s) => s.text(message));

  async function file(path, response) {
    const name = normalize(path).replace(/^(\.\.[/\\])+/, "");
    const wanted = extname(name) ? name : "/index.html";
    try {
      const body = await readFile(join(dist, wanted));
      response.writeHead(200, { "Content-Type": TYPES[extname(wanted)] ?? "application/octet-stream", "Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff" });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  }

  function video(request, response) {
    const range = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? "");
    const size = media.mp4.length;
    if (!range) {
      response.writeHead(200, { "Content-Type": "video/mp4", "Content-Length": size, "Accept-Ranges": "bytes" });
      return response.end(media.mp4);
    }
    const from = Number(range[1]);
    const to = range[2] ? Math.min(Number(range[2]), size - 1) : size - 1;
    response.writeHead(206, { "Content-Type": "video/mp4", "Content-Length": to - from + 1, "Content-Range": `bytes ${from}-${to}/${size}`, "Accept-Ranges": "bytes" });
    response.end(media.mp4.subarray(from, to + 1));
  }

  function login(body, response) {
    if (body.user === "zhangming" && body.password === "correct horse") {
      failures = 0;
      return json(response, 200, ME, { "Set-Cookie": "invigil=fixture; HttpOnly; SameSite=Strict; Path=/" });
    }
    failures += 1;
    return failures >= 2 ? refuse(response, 429, "slow_down", { retry_after_s: 2 }) : refuse(response, 401, "login_failed");
  }

  function decide(incident, body, response) {
    if (!incident) return refuse(response, 404, "not_found");
    if (!["confirm", "dismiss", "escalate"].includes(body.outcome)) return refuse(response, 400, "outcome_unknown");
    if ([...(body.reason ?? "").trim()].length < 5) return refuse(response, 400, "reason_too_short", { min: 5 });
    if (body.outcome === "confirm" && !body.violation_code) return refuse(response, 400, "violation_code_missing");
    const opinion = {
      incident: incident.id, outcome: body.outcome, reason: body.reason, violation_code: body.violation_code ?? null, user: ME.user, display_name: ME.display_name,
      at_us: Date.now() * 1000, rules_version: "2026-11", record: recordPlace("person/zhangming@console-1"),
    };
    world.opinions.push(opinion);
    incident.last_opinion = opinion;
    incident.state = { confirm: "confirmed", dismiss: "dismissed", escalate: "escalated" }[body.outcome];
    json(response, 201, { opinion, incident });
    push({ type: "opinion", opinion, incident });
  }

  function timeline(id, query) {
    const types = (query.get("types") ?? "").split(",");
    const from = Number(query.get("from") ?? 0);
    const mine = world.incidents.filter((i) => i.session.id === id);
    const items = [];
    if (types.includes("incident")) for (const incident of mine) items.push({ type: "incident", at_us: incident.from_us, to_us: incident.to_us, room: incident.room.id, incident });
    if (types.includes("observation"))
      for (const i of mine)
        items.push({ type: "observation", at_us: i.from_us, to_us: i.to_us, room: i.room.id, observation: { id: `o-${i.id}`, kind: i.kind, seat: i.seats[0] ?? "", camera: i.cameras[0] ?? "", room: i.room.id, from_us: i.from_us, to_us: i.to_us, state: "present", score: 1, quality: 1, figures: {}, detector: i.kind, version: "1" } });
    if (types.includes("test_event")) items.push(...(id === "s1" ? events(world) : id === "s5" ? world.exam.events : []));
    const kept = items.filter((i) => i.at_us >= from).sort((a, b) => a.at_us - b.at_us);
    return { items: kept, next: null, from_us: world.opened, to_us: world.now };
  }

  function answer(request, url, body, response) {
    const path = url.pathname;
    const query = url.searchParams;
    if (request.method !== "GET" && request.headers["x-invigil"] !== "1") return refuse(response, 403, "csrf_header_missing");
    if (path === "/v1/login") return login(body, response);
    if (!known(request)) return refuse(response, 401, "unauthenticated");
    if (path === "/v1/me") return json(response, 200, ME);
    if (path === "/v1/logout") return json(response, 204, undefined, { "Set-Cookie": "invigil=; Max-Age=0; Path=/" });
    if (path === "/v1/wall") return json(response, 200, { rooms: wall(world) });
    if (path === "/v1/violation-codes") return json(response, 200, { version: "2026-11", codes: CODES });
    if (path === "/v1/records") {
      const place = { stream: query.get("stream"), seq: Number(query.get("seq")) };
      const known = world.opinions.map((o) => o.record).concat(world.incidents.map((i) => i.record)).find((r) => r.stream === place.stream && r.seq === place.seq);
      return known ? json(response, 200, { ...known, kind: 60, kind_name: "OPINION", prev_hash: "", payload_hash: "", payload_size: 1, from_us: 1, to_us: 1, header_hex: "", signed: { seq: place.seq + 1, hash: known.hash, public_key: "", signature: "", valid: true } }) : refuse(response, 404, "not_found");
    }
    if (path === "/v1/sessions") {
      const list = world.sessions
        .map((s) => summary(world, s))
        .filter((s) => (!query.get("centre") || s.centre.id === query.get("centre")) && (!query.get("level") || s.level === query.get("level")) && (!query.get("state") || s.state === query.get("state")) && (query.get("flagged") !== "true" || s.incidents.open + s.incidents.escalated > 0))
        .sort((a, b) => b.starts_us - a.starts_us);
      const unique = (pick) => [...new Map(world.sessions.map((s) => [pick(s).id, pick(s)])).values()];
      return json(response, 200, { sessions: list, next: null, filters: { institutions: unique((s) => s.institution), centres: unique((s) => s.centre), levels: ["junior", "intermediate", "senior", "technician"] } });
    }
    if (path === "/v1/incidents") {
      const states = (query.get("state") ?? "open").split(",");
      const list = world.incidents
        .filter((i) => (states.includes("all") || states.includes(i.state)) && (!query.get("kind") || i.kind === query.get("kind")) && (!query.get("centre") || i.centre.id === query.get("centre")) && i.severity >= Number(query.get("min_severity") ?? 0))
        .sort(byWorth);
      return json(response, 200, { incidents: list.slice(0, Number(query.get("limit") ?? 100)), next: null, counts: queueCounts(world) });
    }
    let found = /^\/v1\/incidents\/([^/]+)(\/opinions)?$/.exec(path);
    if (found) {
      const incident = world.incidents.find((i) => i.id === decodeURIComponent(found[1]));
      if (found[2]) return decide(incident, body, response);
      return incident ? json(response, 200, { ...incident, observations: [], evidence: [recordPlace("camera/c1/cam1", 40), recordPlace("seat/c1/s1/A-03", 12)], opinions: world.opinions.filter((o) => o.incident === incident.id), candidates: [] }) : refuse(response, 404, "not_found");
    }
    found = /^\/v1\/sessions\/([^/]+)\/forensics(\/pair)?$/.exec(path);
    if (found) {
      const report = world.forensics[found[1]] ?? { ...untested(0, null), state: "none", notes: [] };
      if (!found[2]) return json(response, 200, report);
      const both = found[1] === "s5" ? world.exam.pair(query.get("a"), query.get("b")) : null;
      return both ? json(response, 200, both) : refuse(response, 404, "not_found");
    }
    found = /^\/v1\/sessions\/([^/]+)(?:\/(timeline)|\/cameras\/([^/]+)\/(reels|scenes|video\.mp4))?$/.exec(path);
    const session = found && world.sessions.find((s) => s.id === found[1]);
    if (!session) return refuse(response, 404, "not_found");
    if (found[2]) return json(response, 200, timeline(session.id, query));
    if (found[4] === "reels") return json(response, 200, { reels: session.id === "s1" || session.id === "s5" ? reels(world, session, found[3]) : [] });
    if (found[4] === "scenes") return json(response, 200, { scenes: session.id === "s1" && found[3] === "cam1" ? scenes(world, Number(query.get("from")), Number(query.get("to"))) : [] });
    if (found[4]) return video(request, response);
    return json(response, 200, whole(world, session));
  }

  const server = createServer((request, response) => {
    const url = new URL(request.url, "http://fixture");
    if (!url.pathname.startsWith("/v1/")) return void file(url.pathname, response);
    const chunks = [];
    request.on("data", (c) => chunks.push(c));
    request.on("end", () => answer(request, url, chunks.length ? JSON.parse(Buffer.concat(chunks).toString()) : {}, response));
  });

  let shown = 0;
  function snapshot(socket, key) {
    const name = Buffer.from(key);
    const head = Buffer.alloc(2 + name.length + 8);
    head[0] = 1;
    head[1] = name.length;
    name.copy(head, 2);
    head.writeBigInt64BE(BigInt(Date.now() * 1000), 2 + name.length);
    socket.binary(Buffer.concat([head, media.jpegs[shown % media.jpegs.length]]));
  }
  const beat = setInterval(() => {
    shown += 1;
    for (const socket of sockets) if (socket.wants) for (const key of ["c1/r1/cam1", "c1/r1/cam2", "c1/r2/cam3"]) snapshot(socket, key);
  }, 1000);
  server.on("upgrade", (request, raw) => {
    if (!known(request)) return raw.destroy();
    const socket = accept(
      request,
      raw,
      (text) => {
        const message = JSON.parse(text);
        if (message.type === "snapshots") socket.wants = message.rooms === "all" || message.rooms.length > 0;
      },
      () => sockets.delete(socket),
    );
    sockets.add(socket);
    socket.text({ type: "hello", user: ME.user, at_us: Date.now() * 1000 });
  });
  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    world,
    push,
    sockets,
    close: () => {
      clearInterval(beat);
      sockets.forEach((s) => s.close());
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const fixture = await startFixture({ dist: process.argv[2] ?? "console/web/dist", port: Number(process.argv[3] ?? 0) });
  console.log(`${fixture.url}  zhangming / correct horse`);
}
