/**
 * How fresh the page is, as one of a few words and a sentence; what the strip always says.
 * @module
 */

import { clock } from "./times.js";

/** After so long without a stream the state is polled. */
export const POLL_AFTER_MS = 10_000;

/**
 * `doubt` is how much of what is shown may be wrong: that of some services, or all.
 * @typedef {{kind: string, label: string, detail: string, doubt: "none"|"some"|"all"}} Freshness
 */

/**
 * @param {import("./store.js").Store} store
 * @param {{connected: boolean, lostAt: number|null, heardAt: number, silentSince: number|null}} stream
 * @param {{distrusted: boolean, polledAt: number|null, pollError: string|null}} page
 * @returns {Freshness}
 */
export function freshness(store, stream, page) {
  const now = store.now();
  if (!stream.connected) return disconnected(store, stream, page);
  if (now - stream.heardAt > silenceMs(store)) {
    return say("stale", "stale", `no word from the router since ${clock(stream.heardAt)}`, "all");
  }
  if (page.distrusted) return say("stale", "checking", "the page was asleep, waiting for the router", "all");
  const conditions = [...store.conditions.values()];
  const waits = store.wanted ? waiting(store.missed, conditions.length > 0 ? null : page.pollError) : null;
  if (conditions.length === 0) return waits ?? say("live", "live", "");
  const reasons = conditions.map((one) => `${one.detail}, since ${clock(one.since - store.clockOffset)}`);
  const doubt = conditions.every((one) => one.node !== null) ? "some" : "all";
  return say("stale", "stale", [...reasons, ...(waits ? [waits.detail] : [])].join(" · "), doubt);
}

/** A state is due. @param {import("./store.js").Store["missed"]} missed @param {string|null} error why it does not come */
function waiting(missed, error) {
  const because = error === null ? "" : ` (${error})`;
  if (missed === null) return say("resync", "loading", `fetching the state${because}`);
  const number = missed.dropped === null ? "an unknown number of" : missed.dropped;
  const events = `${number} event${missed.dropped === 1 ? "" : "s"}`;
  return say("resync", "catching up", `missed ${events}, loading the state anew${because}`);
}

/** After so much silence the stream counts as dead. @param {{pingSeconds: number}} store */
export function silenceMs(store) {
  return 3 * store.pingSeconds * 1000;
}

/** @type {typeof freshness} */
function disconnected(store, stream, page) {
  const waited = store.now() - (stream.lostAt ?? stream.heardAt);
  if (!store.greeted && waited <= POLL_AFTER_MS && page.pollError === null) return say("connecting", "connecting", "");
  if (page.polledAt !== null && page.pollError === null) {
    const doubts = [...store.conditions.values()].map((one) => ` · ${one.detail}`).join("");
    return say("polling", "polling", `${lost(store, stream)}; state as of ${clock(page.polledAt)}${doubts}`);
  }
  if (!store.loaded) return say("reconnecting", "no connection", page.pollError ?? "", "all");
  const since = `${lost(store, stream)}; what you see may be old`;
  return say("reconnecting", "reconnecting", page.pollError ? `${since} (${page.pollError})` : since, "all");
}

/**
 * A stream that fell silent was dead long before this page gave it up; one that never was cannot be lost.
 * @param {import("./store.js").Store} store @param {Parameters<typeof freshness>[1]} stream
 */
function lost(store, { silentSince, lostAt, heardAt }) {
  if (!store.greeted) return `no stream of events since ${clock(lostAt ?? heardAt)}`;
  if (silentSince !== null) return `no word from the router since ${clock(silentSince)}`;
  return `connection lost at ${clock(lostAt ?? heardAt)}`;
}

/** @param {string} kind @param {string} label @param {string} detail @param {Freshness["doubt"]} [doubt] @returns {Freshness} */
function say(kind, label, detail, doubt = "none") {
  return { kind, label, detail, doubt };
}
