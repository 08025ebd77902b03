/**
 * Decides how fresh the page is: how events reach it (link), whether its state is complete, and from both
 * how far the page may be trusted (trust). No other module decides what is shown as stale.
 * @module
 */

import { LATE_MS } from "./stream_lag.js";

/** After this time without a stream the state is polled. */
export const POLL_AFTER_MS = 10_000;
/** If Redis last confirmed the worker's state longer ago than this, the stream is not trusted. */
export const PROOF_MS = 15_000;

/** @typedef {"starting"|"live"|"late"|"polling"|"reconnecting"|"asleep"|"report"} Link how events reach this page; "report": none do, the page shows a file */
/** @typedef {"all"|"nodes"|"none"} Trust which data may be trusted: all, all but those of some nodes, none */
/**
 * The page's own facts: when it woke up (null once a frame has arrived); when it last polled (null once
 * the stream is live again); why the last fetch failed; and whether the router answers at all (null: not
 * asked).
 * @typedef {{wokeAt: number|null, polledAt: number|null, error: string|null, lives: boolean|null}} Page
 */
/**
 * @typedef {{
 *   link: Link, trust: Trust, stream: import("./stream.js").State, page: Page, now: number, at: number, silent: number,
 *   state: {asOf: number|null, complete: boolean, conditions: import("./store.js").Condition[]},
 * }} Freshness `now` and the stream's times are by our clock, `asOf` and `at`, the present, are by the router's; `silent` is
 *   for how long a live stream has brought nothing recent, in ms, if that is too long, or 0
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
  const at = store.clock.router(now);
  const asOf = trust === "all" ? at : store.asOf;
  return { link, trust, state: { asOf, complete, conditions }, stream, page, now, at, silent };
}

/** After this time without a byte the stream counts as dead and is opened again; before, it is late. @param {{pingSeconds: number}} store */
export function silenceMs({ pingSeconds }) {
  return Math.max(3 * pingSeconds * 1000, pingSeconds * 1000 + 2 * LATE_MS);
}

/**
 * How long nothing recent has been received, if a ping is overdue: 0 if not. An event that is sent again
 * may have been on its way for any time, so it does not end a silence.
 * @param {import("./store.js").Store} store @param {import("./stream.js").State} stream @param {number} now
 */
function overdue(store, { heardAt }, now) {
  const silence = now - Math.min(heardAt, store.pulse.last?.at ?? heardAt);
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

/** Whether the stream has been lost for long, or is connected but late. @param {import("./stream.js").State} stream @param {number} now */
function waited({ connected, lostAt, heardAt }, now) {
  return connected || now - (lostAt ?? heardAt) > POLL_AFTER_MS;
}

/** A condition if Redis has not confirmed the worker's state for too long. @param {import("./store.js").Store} store */
function unproven({ proof }) {
  if (proof === null || proof.now - proof.asOf <= PROOF_MS) return [];
  const detail = "the router process that serves this page has received nothing from Redis";
  return [{ reason: "proof", node: null, since: proof.asOf, detail }];
}

/** @param {Link} link @param {boolean} complete @param {import("./store.js").Condition[]} conditions @returns {Trust} */
function trusted(link, complete, conditions) {
  if (link !== "live" || !complete || conditions.some((one) => one.node === null)) return "none";
  return conditions.length === 0 ? "all" : "nodes";
}
