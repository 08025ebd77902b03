/**
 * How fresh the page is, as one of a few words and a sentence; what the strip always says.
 * @module
 */

/** @typedef {{kind: string, label: string, detail: string}} Freshness */

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
    return say("stale", "stale", `no word from the router since ${clock(stream.heardAt)}`);
  }
  if (page.distrusted) return say("stale", "checking", "the page was asleep, waiting for the router");
  if (store.wanted && store.missed) return say("resync", "catching up", missed(store.missed.dropped));
  if (store.wanted) return say("resync", "loading", "fetching the state");
  if (store.conditions.size > 0) {
    const reasons = [...store.conditions.values()].map((one) => `${one.detail}, since ${clock(one.since - store.clockOffset)}`);
    return say("stale", "stale", reasons.join(" · "));
  }
  return say("live", "live", "");
}

/** After so much silence the stream counts as dead. @param {{pingSeconds: number}} store */
export function silenceMs(store) {
  return 3 * store.pingSeconds * 1000;
}

/** @param {number} ms a time */
export function clock(ms) {
  return new Date(ms).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

/** @type {typeof freshness} */
function disconnected(store, stream, page) {
  if (page.polledAt !== null && page.pollError === null) {
    const doubts = [...store.conditions.values()].map((one) => ` · ${one.detail}`).join("");
    return say("polling", "polling", `${lost(stream)}; state as of ${clock(page.polledAt)}${doubts}`);
  }
  if (!store.loaded) return say("connecting", "connecting", page.pollError ?? "");
  const since = `${lost(stream)}; what you see may be old`;
  return say("reconnecting", "reconnecting", page.pollError ? `${since} (${page.pollError})` : since);
}

/** A stream that fell silent was dead long before this page gave it up. @param {Parameters<typeof freshness>[1]} stream */
function lost({ silentSince, lostAt, heardAt }) {
  if (silentSince !== null) return `no word from the router since ${clock(silentSince)}`;
  return `connection lost at ${clock(lostAt ?? heardAt)}`;
}

/** @param {number|null} dropped */
function missed(dropped) {
  const number = dropped === null ? "an unknown number of" : dropped;
  return `missed ${number} event${dropped === 1 ? "" : "s"}, loading the state anew`;
}

/** @param {string} kind @param {string} label @param {string} detail @returns {Freshness} */
function say(kind, label, detail) {
  return { kind, label, detail };
}
