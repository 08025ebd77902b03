/**
 * The router's HTTP answers; each call ends in bounded time and throws what a person can read.
 * @module
 */

const ANSWER_MS = 10_000;

/** @param {string} path */
async function get(path) {
  const answer = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS) }).catch(unreachable);
  const body = await answer.json().catch(() => null);
  if (!answer.ok) throw new Error(body?.error?.message ?? `the router answers ${answer.status}`);
  if (body === null) throw new Error("what answers there is not hero_router");
  return body;
}

/** @param {Error} error @returns {never} */
function unreachable({ name }) {
  throw new Error(name === "TimeoutError" ? `no answer in ${ANSWER_MS / 1000} s` : "the router cannot be reached");
}

/** The whole state. */
export const services = () => get("/api/services");

/** One service with its last probe's figures. @param {string} id */
export const service = (id) => get(`/api/services/${encodeURIComponent(id)}`);
