/**
 * The texts of the strip (the page's head) about how fresh the page is: a word, a sentence, and a line
 * (band) for each warning.
 * @module
 */

import { dated, lasting } from "./times.js";
import { events } from "./event_text.js";

/** @typedef {import("../live/freshness.js").Freshness} Freshness */
/** @typedef {import("../live/store.js").Store} Store */
/**
 * `label` and `detail` are read out by screen readers; `dated` (as of when the state is) and `next` change
 * again and again, so they are not. `mayTry`: the button "try now" is shown.
 * @typedef {{label: string, detail: string, dated: string, next: string, mayTry: boolean}} Said
 */
/** @typedef {{text: string, node: string|null}} Band */

const HELD = "a proxy in between delays the stream: turn off its buffering";
const OPEN_MS = 10_000;

/** @param {Store} store @param {Freshness} fresh @returns {Said} */
export function said(store, fresh) {
  const { label, detail } = SENTENCES[fresh.link](store, fresh);
  const because = fresh.page.error === null || fresh.link === "starting" ? "" : ` (${fresh.page.error})`;
  const mayTry = fresh.link === "reconnecting" || fresh.link === "polling";
  const isDated = label === "stale" || fresh.link === "late" || fresh.link === "polling";
  return { label, detail: detail + because, dated: isDated ? asOf(fresh) : "", next: mayTry ? next(fresh) : "", mayTry };
}

/** @typedef {(store: Store, fresh: Freshness) => {label: string, detail: string}} Sentence */

/** @type {Record<import("../live/freshness.js").Link, Sentence>} */
const SENTENCES = {
  starting: () => say("connecting", ""),
  asleep: () => say("checking", "the page was asleep, waiting for the router"),
  live: (store, fresh) => {
    if (!fresh.state.complete) return loading(store);
    if (fresh.trust === "all") return say("live", "");
    const { length } = fresh.state.conditions;
    return fresh.trust === "none" ? say("stale", "") : say("live", `with ${length} warning${length === 1 ? "" : "s"}`);
  },
  report: () => say("report", "not live"),
  late: (store, fresh) => say("late", join(late(store, fresh), lives(fresh))),
  polling: (store, fresh) => say("polling", why(store, fresh)),
  reconnecting: (store, fresh) => {
    if (!store.loaded) return say("no connection", "");
    return say("reconnecting", join(why(store, fresh), "what you see may be old"));
  },
};

/** The text of each condition, with its begin and its node. @param {Freshness} fresh @param {(node: string) => number} number of the services of a node @returns {Band[]} */
export function bands(fresh, number) {
  return fresh.state.conditions.map((one) => {
    const services = number(one.node ?? "");
    const lost = one.reason === "scanner" && services > 0;
    const kept = services === 1 ? "its one service shows its last known status" : `its ${services} services show their last known status`;
    // What follows a semicolon is advice: the time belongs to what is wrong.
    const [wrong, ...advice] = one.detail.split("; ");
    const first = `${wrong}, since ${dated(one.since, fresh.at)}${lost ? `: ${kept}` : ""}`;
    return { text: [first, ...advice].join("; "), node: one.node };
  });
}

/** Whether the page's files, or the router that it first spoke to, are of another version than the router now. @param {Store} store @param {string} digest that of the page's own files */
export function updated({ met, router }, digest) {
  if (router === null || met === null) return false;
  return (digest !== "" && router.assets !== "" && router.assets !== digest) || router.version !== met.version;
}

/** The text while the page waits for the state. @param {Store} store */
function loading({ missing, missed, behind, wanted }) {
  if (missing && missed) return say("catching up", `missed ${events(missed.dropped)}, loading the state again`);
  return say(!wanted && behind ? "catching up" : "loading", "");
}

/** How late events are, or since when nothing was received. @param {Store} store @param {Freshness} fresh */
function late({ pulse, clock: time }, { silent, now, at, stream }) {
  const what = now - stream.heardAt < silent ? "only events from before were received" : "nothing received";
  if (silent > 0) return `${what} from the router since ${dated(time.router(now - silent), at)}`;
  return `events arrive ${lasting(pulse.delay)} late: ${HELD}`;
}

/** Whether the router itself still answers. @param {Freshness} fresh */
function lives({ page, silent }) {
  if (page.lives === null || silent === 0) return "";
  return page.lives ? "the stream is stuck, but the router answers" : "the router cannot be reached";
}

/**
 * Why there is no stream. A stream that fell silent was dead before this page closed it; a stream that
 * never began is not called lost.
 * @type {(store: Store, fresh: Freshness) => string}
 */
function why(store, fresh) {
  const { connected, silentSince, lostAt, heardAt, openAt } = fresh.stream;
  if (connected) return join(late(store, fresh), lives(fresh));
  const at = (/** @type {number} */ ours) => dated(store.clock.router(ours), fresh.at);
  const held = openAt !== null && fresh.now - openAt > OPEN_MS;
  if (held) return `the stream has been open since ${at(openAt)}, but no event arrives: ${HELD}`;
  if (!store.greeted) return `no stream of events since ${at(lostAt ?? heardAt)}`;
  if (silentSince !== null) return `nothing received from the router since ${at(silentSince)}`;
  return `connection lost at ${at(lostAt ?? heardAt)}`;
}

/** When the stream is tried again. @param {Freshness} fresh */
function next({ stream, now, link }) {
  if (stream.connected || stream.openAt !== null) return "";
  if (stream.nextTryAt !== null) return `next try in ${Math.max(0, Math.ceil((stream.nextTryAt - now) / 1000))} s`;
  return link === "reconnecting" ? "trying again" : "";
}

/** @param {Freshness} fresh */
function asOf({ state, at }) {
  return state.asOf === null ? "" : `state as of ${dated(state.asOf, at)}`;
}

/** @param {...string} parts */
const join = (...parts) => parts.filter(Boolean).join(" · ");

/** @param {string} label @param {string} detail */
const say = (label, detail) => ({ label, detail });
