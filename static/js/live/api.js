/**
 * Requests to the router's HTTP API. Each call ends in limited time; errors have a message for people.
 * @module
 */

import { base } from "./base_url.js";

const ANSWER_MS = 10_000;
const ALIVE_MS = 2_000;

/** @param {string} path @param {number} [within] ms */
async function get(path, within = ANSWER_MS) {
  const limit = { cache: /** @type {const} */ ("no-store"), signal: AbortSignal.timeout(within) };
  const answer = await fetch(base + path, limit).catch((error) => unreachable(error, within));
  const body = await answer.json().catch(() => null);
  if (!answer.ok) throw new Error(body?.error?.message ?? `the router answers ${answer.status}`);
  if (body === null) throw new Error("the answer is not from hero_router");
  return body;
}

/** @param {Error} error @param {number} within @returns {never} */
function unreachable({ name }, within) {
  throw new Error(name === "TimeoutError" ? `no answer in ${within / 1000} s` : "the router cannot be reached");
}

/** The whole state. */
export const services = () => get("api/services");

/** One service with its last probe's figures and its sockets' addresses. @param {string} id */
export const service = (id) => get(`api/services/${encodeURIComponent(id)}`);

/** The last routing errors of one service; null if they cannot be had. @param {string} id */
export const routingErrors = (id) => get(`api/services/${encodeURIComponent(id)}/errors`).catch(() => null);

/** The last events of the window, oldest first. @param {number} number */
export const recent = (number) => get(`api/events/recent?n=${number}`);

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
