/**
 * How fresh the page is: how news reaches it, what the shown state is worth, and from both how far it
 * may be trusted. Nothing else decides what looks doubtful.
 * @module
 */

import { LATE_MS } from "./latency.js";

/** After so long without a stream the state is polled. */
export const POLL_AFTER_MS = 10_000;
/** A worker whose own proof from Redis is older than this cannot vouch for what it streams. */
export const PROOF_MS = 15_000;

/** @typedef {"starting"|"live"|"late"|"polling"|"reconnecting"|"asleep"} Link how news reaches this page */
/** @typedef {"all"|"nodes"|"none"} Trust in what is shown: in all, in all but what some nodes tell, in nothing */
/**
 * What the page itself knows: since when it has woken up and not heard a frame; the last poll, if
 * nothing has come since; why the last fetch failed; and whether the router answers at all (null:
 * nobody has asked).
 * @typedef {{wokeAt: number|null, polledAt: number|null, error: string|null, lives: boolean|null}} Page
 */
/**
 * @typedef {{
 *   link: Link, trust: Trust, stream: import("./stream.js").State, page: Page, now: number, silent: number,
 *   state: {asOf: number|null, complete: boolean, conditions: import("./store.js").Condition[]},
 * }} Freshness `now` and the stream's times are by our clock, `asOf` is by the router's; `silent` is
 *   since when a live stream has been silent for too long, in ms, or 0
 */

/**
 * @param {import("./store.js").Store} store
 * @param {import("./stream.js").State} stream
 * @param {Page} page
 * @returns {Freshness}
 */
export function freshness(store, stream, page) {
  const now = store.clock.now();
  const silent = overdue(store, stream, now);
  const link = linked(store, stream, page, now, silent > 0);
  const told = link === "polling" ? store.polled : store.told;
  const conditions = [...told.values(), ...unproven(store)];
  const complete = store.loaded && store.wanted === null && store.behind === null;
  const trust = trusted(link, complete, conditions);
  const asOf = trust === "all" ? store.clock.router(now) : store.asOf;
  return { link, trust, state: { asOf, complete, conditions }, stream, page, now, silent };
}

/** After so much silence the stream counts as dead, and is opened anew: some time after it was late. @param {{pingSeconds: number}} store */
export function silenceMs({ pingSeconds }) {
  return Math.max(3 * pingSeconds * 1000, pingSeconds * 1000 + 2 * LATE_MS);
}

/**
 * How long the stream has been silent, if a ping is overdue: 0 if not.
 * @param {import("./store.js").Store} store @param {import("./stream.js").State} stream @param {number} now
 */
function overdue(store, { heardAt }, now) {
  const silence = now - heardAt;
  return silence > store.pingSeconds * 1000 + LATE_MS ? silence : 0;
}

/**
 * @param {import("./store.js").Store} store @param {import("./stream.js").State} stream @param {Page} page
 * @param {number} now @param {boolean} silent
 * @returns {Link}
 */
function linked(store, stream, page, now, silent) {
  const late = silent || store.pulse.delay > LATE_MS;
  if (stream.connected && page.wokeAt !== null) return "asleep";
  if (stream.connected && !late) return "live";
  if (page.polledAt !== null && page.error === null && waited(stream, now)) return "polling";
  if (stream.connected) return "late";
  return store.greeted || page.error !== null || waited(stream, now) ? "reconnecting" : "starting";
}

/** Whether the page has been without a stream for long; without one that is late it never is. @param {import("./stream.js").State} stream @param {number} now */
function waited({ connected, lostAt, heardAt }, now) {
  return connected || now - (lostAt ?? heardAt) > POLL_AFTER_MS;
}

/** What a worker tells of which it has no proof from Redis itself. @param {import("./store.js").Store} store */
function unproven({ proof }) {
  if (proof === null || proof.now - proof.asOf <= PROOF_MS) return [];
  const detail = "the worker that this page reads has heard nothing of Redis";
  return [{ reason: "proof", node: null, since: proof.asOf, detail }];
}

/** @param {Link} link @param {boolean} complete @param {import("./store.js").Condition[]} conditions @returns {Trust} */
function trusted(link, complete, conditions) {
  if (link !== "live" || !complete || conditions.some((one) => one.node === null)) return "none";
  return conditions.length === 0 ? "all" : "nodes";
}
