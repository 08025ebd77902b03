/**
 * What the strip says of how fresh the page is: a word, a sentence, and a band for each doubt.
 * @module
 */

import { clock, lasting } from "./times.js";
import { events } from "./event_text.js";

/** @typedef {import("../live/freshness.js").Freshness} Freshness */
/** @typedef {import("../live/store.js").Store} Store */
/**
 * `next` moves each second: it stands beside what is read out. `mayTry`: it helps to try now.
 * @typedef {{label: string, detail: string, next: string, mayTry: boolean}} Said
 */
/** @typedef {{text: string, node: string|null}} Band */

const HELD = "something between holds the stream back: turn off its buffering";
const OPEN_MS = 10_000;

/** @param {Store} store @param {Freshness} fresh @returns {Said} */
export function said(store, fresh) {
  const { label, detail } = SENTENCES[fresh.link](store, fresh);
  const because = fresh.page.error === null || fresh.link === "starting" ? "" : ` (${fresh.page.error})`;
  const mayTry = fresh.link === "reconnecting" || fresh.link === "polling";
  return { label, detail: detail + because, next: mayTry ? next(fresh) : "", mayTry };
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
    return fresh.trust === "none" ? say("stale", asOf(fresh)) : say("live", `with ${length} doubt${length === 1 ? "" : "s"}`);
  },
  late: (store, fresh) => say("late", join(late(store, fresh), lives(fresh), asOf(fresh))),
  polling: (store, fresh) => say("polling", join(why(store, fresh), asOf(fresh))),
  reconnecting: (store, fresh) => {
    if (!store.loaded) return say("no connection", "");
    return say("reconnecting", join(why(store, fresh), "what you see may be old"));
  },
};

/** Each doubt in words, with since when; those of one node name it. @param {Freshness} fresh @param {import("./viewmodel.js").Fleet} fleet @returns {Band[]} */
export function bands(fresh, fleet) {
  return fresh.state.conditions.map((one) => {
    const services = fleet.lost.get(one.node ?? "")?.services.length ?? 0;
    const lost = one.reason === "scanner" && services > 0;
    const kept = services === 1 ? "its one service is shown as it was last known" : `its ${services} services are shown as they were last known`;
    const text = `${one.detail}, since ${clock(one.since)}${lost ? `: ${kept}` : ""}`;
    return { text, node: one.node };
  });
}

/** Whether the page's files, or the router that it first spoke to, are of another version than the router now. @param {Store} store @param {string} digest that of the page's own files */
export function updated({ met, router }, digest) {
  if (router === null || met === null) return false;
  return (digest !== "" && router.assets !== "" && router.assets !== digest) || router.version !== met.version;
}

/** A state is due. @param {Store} store */
function loading({ loaded, missing, missed, behind, wanted }) {
  if (missing && missed) return say("catching up", `missed ${events(missed.dropped)}, loading the state anew`);
  if (!wanted && behind) return say("catching up", "what happened meanwhile is still to come");
  return say("loading", loaded ? "fetching the state anew" : "fetching the state");
}

/** How late, or since when there was no word. @param {Store} store @param {Freshness} fresh */
function late({ pulse, clock: time }, { silent, now }) {
  if (silent > 0) return `no word from the router since ${clock(time.router(now - silent))}`;
  return `news comes ${lasting(pulse.delay)} late: ${HELD}`;
}

/** Whether the router itself still answers. @param {Freshness} fresh */
function lives({ page, silent }) {
  if (page.lives === null || silent === 0) return "";
  return page.lives ? "the stream is stuck, the router lives" : "the router cannot be reached";
}

/**
 * Why there is no stream. One that fell silent was dead long before this page gave it up; one that
 * never was cannot be lost.
 * @type {(store: Store, fresh: Freshness) => string}
 */
function why(store, fresh) {
  const { connected, silentSince, lostAt, heardAt, openAt } = fresh.stream;
  if (connected) return join(late(store, fresh), lives(fresh));
  const at = (/** @type {number} */ ours) => clock(store.clock.router(ours));
  const held = openAt !== null && fresh.now - openAt > OPEN_MS;
  if (held) return `the stream is open since ${at(openAt)} and brings nothing: ${HELD}`;
  if (!store.greeted) return `no stream of events since ${at(lostAt ?? heardAt)}`;
  if (silentSince !== null) return `no word from the router since ${at(silentSince)}`;
  return `connection lost at ${at(lostAt ?? heardAt)}`;
}

/** When the stream is tried again. @param {Freshness} fresh */
function next({ stream, now, link }) {
  if (stream.connected || stream.openAt !== null) return "";
  if (stream.nextTryAt !== null) return `next try in ${Math.max(0, Math.ceil((stream.nextTryAt - now) / 1000))} s`;
  return link === "reconnecting" ? "trying again" : "";
}

/** @param {Freshness} fresh */
function asOf({ state }) {
  return state.asOf === null ? "" : `state as of ${clock(state.asOf)}`;
}

/** @param {...string} parts */
const join = (...parts) => parts.filter(Boolean).join(" · ");

/** @param {string} label @param {string} detail */
const say = (label, detail) => ({ label, detail });
