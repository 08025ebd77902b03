/**
 * Requests to the router's HTTP API. Each call ends in limited time; errors have a message for people.
 * @module
 */

import { base } from "./base_url.js";
import { read } from "./state_parser.js";

const ANSWER_MS = 10_000;
const ALIVE_MS = 2_000;
const SCAN_MS = 25_000;
const FOREIGN = "the answer is not from hero_router";

/** @param {string} path @param {number} [within] ms @param {RequestCache} [cache] */
async function get(path, within = ANSWER_MS, cache = "no-store") {
  const answer = await asked(path, cache, within);
  const body = await answer.json().catch(() => null);
  if (body === null) throw new Error(FOREIGN);
  return body;
}

/** @param {string} path @param {RequestCache} cache @param {number} within ms */
async function asked(path, cache, within) {
  const answer = await fetch(base + path, { cache, signal: AbortSignal.timeout(within) }).catch((error) => unreachable(error, within));
  if (answer.ok) return answer;
  const body = await answer.json().catch(() => null);
  throw new Error(body?.error?.message ?? `the router answers ${answer.status}`);
}

/** @param {Error} error @param {number} within @returns {never} */
function unreachable({ name }, within) {
  throw new Error(name === "TimeoutError" ? `no answer in ${within / 1000} s` : "the router cannot be reached");
}

/** One of the page's files, as a document: no text is made markup here. @param {string} address @returns {Promise<Document>} */
export const markup = (address) =>
  new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.open("GET", address);
    request.responseType = "document";
    request.timeout = ANSWER_MS;
    request.onload = () => (request.status === 200 && request.responseXML ? done(request.responseXML) : failed(new Error(`the router answers ${request.status}`)));
    request.onerror = request.ontimeout = () => failed(new Error("the router cannot be reached"));
    request.send();
  });

/**
 * The whole state.
 * @param {boolean} first whether this is the page's first request for it, which the page names too: the browser
 *   sends it before the modules are there
 */
export async function services(first) {
  const answer = await asked("api/services", first ? "default" : "no-store", ANSWER_MS);
  const state = await answer.text().then((text) => read(text, { now: () => performance.now(), pause })).catch(() => null);
  if (state === null) throw new Error(FOREIGN);
  return state;
}

/** Other work goes first; timers would be slow in a hidden tab. @returns {Promise<void>} */
function pause() {
  const { port1, port2 } = new MessageChannel();
  return new Promise((done) => {
    port1.onmessage = () => {
      port1.close();
      done();
    };
    port2.postMessage(null);
  });
}

/** One service with its last probe's figures and its sockets' addresses. @param {string} id */
export const service = (id) => get(`api/services/${encodeURIComponent(id)}`);

/** The last routing errors of one service; null if they cannot be had. @param {string} id */
export const routingErrors = (id) => get(`api/services/${encodeURIComponent(id)}/errors`).catch(() => null);

/** The text of one service's OpenRPC document; the browser keeps it while it is the same. @param {string} id */
export const openrpc = (id) => asked(`api/services/${encodeURIComponent(id)}/document`, "no-cache", ANSWER_MS).then((answer) => answer.text());

/** The nodes as their scanners last reported, and the conditions. */
export const nodes = () => get("api/nodes");

/** The streams of all web workers; only for administrators. */
export const clients = () => get("api/clients");

/** How redis-cli reaches the router's Redis; only administrators are told. */
export const redisCli = () => get("api/redis-cli");

/** The last events of the window, oldest first. @param {number} number */
export const recent = (number) => get(`api/events/recent?n=${number}`);

/** The past of all services, or of one with its details; the browser keeps it while it is the same. @param {string} span "1h", "1d", "30d" or "1y" @param {string} [id] */
export const history = (span, id) => get(`api/history?span=${span}${id ? `&service=${encodeURIComponent(id)}` : ""}`, ANSWER_MS, "no-cache");

/** The address of the report: state, events and past in one file. */
export const report = `${base}api/report`;

/** Call a method of the router itself. @param {string} method @param {Record<string, unknown>} [params] @param {number} [within] ms */
export async function call(method, params = {}, within = ANSWER_MS) {
  const limit = AbortSignal.timeout(within);
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(`${base}rpc`, { method: "POST", headers, body, signal: limit }).catch((error) => unreachable(error, within));
  const told = await answer.json().catch(() => null);
  if (!told?.result) throw new Error(told?.error?.message ?? `the router answers ${answer.status}`);
  return told.result;
}

/** Make all scanners scan now. @returns {Promise<number>} how many services they found */
export const scan = () => call("router.scan", {}, SCAN_MS).then(({ discovered }) => discovered);

/** Mute a service for so many seconds: no webhooks are sent about it. @param {string} id @param {number} seconds @param {string} note */
export const mute = (id, seconds, note) => call("router.mute", { id, seconds, note });

/** @param {string} id */
export const unmute = (id) => call("router.unmute", { id });

/** Who the person at this page is; null where the router asks for a sign-in. */
export async function me() {
  const answer = await fetch(`${base}api/me`, { cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS) });
  if (answer.status === 401) return null;
  if (!answer.ok) throw new Error(`the router answers ${answer.status}`);
  return answer.json();
}

/** End this browser's session. */
export async function signOut() {
  const answer = await fetch(`${base}sign-out`, { method: "POST", redirect: "manual", signal: AbortSignal.timeout(ANSWER_MS) });
  if (answer.type !== "opaqueredirect" && !answer.ok) throw new Error(`the router answers ${answer.status}`);
}

/** Whether the router answers at all. @returns {Promise<boolean>} */
export const lives = () => get("health", ALIVE_MS).then(() => true, () => false);
