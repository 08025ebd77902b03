/**
 * Sends one stream to all tabs of a browser: each tab is a cursor. A tab that joins or returns is sent the
 * events that it missed, or a `resync` with their exact number, as the router would do. A tab that does not
 * read is sent nothing more until it reads. No network and no worker here.
 * @module
 */

import { distance, skips } from "./position.js";

/** @typedef {import("./store.js").Frame} Frame */
/** @typedef {import("./stream.js").State} State */
/** @typedef {{post: (message: any) => void, cursor: string|null, sent: number, read: number, blocked: boolean}} Tab */

/** @type {State} */
export const UNKNOWN = { connected: false, lostAt: null, heardAt: 0, silentSince: null, openAt: null, nextTryAt: null };
/** The fields of a stream's state whose changes are sent to tabs at once. */
const TOLD = /** @type {const} */ (["connected", "silentSince", "openAt", "nextTryAt"]);

export class Fanout {
  /** @param {{now?: () => number, mostKept?: number, mostUnread?: number}} [limits] */
  constructor({ now = () => performance.now(), mostKept = 2048, mostUnread = 4096 } = {}) {
    this.now = now;
    this.mostKept = mostKept;
    this.mostUnread = mostUnread;
    /** @type {Set<Tab>} */ this.tabs = new Set();
    /** @type {State} */ this.state = { ...UNKNOWN, lostAt: now(), heardAt: now() };
    /** @type {{data: any, at: number}|null} */ this.greeting = null;
    /** @type {Map<string, Frame>} */ this.doubts = new Map();
    /** @type {Frame|null} the services that are muted now */ this.mutes = null;
    /** @type {string|null} the last position of the stream */ this.place = null;
    /** @type {string|null} the position right before `kept` */ this.base = null;
    /** @type {Frame[]} the last events, without a gap */ this.kept = [];
  }

  /** Add a tab; `cursor` is its last position (null: it is new). @param {Tab["post"]} post @param {string|null} cursor @returns {Tab} */
  join(post, cursor) {
    const tab = { post, cursor, sent: 0, read: 0, blocked: false };
    this.tabs.add(tab);
    if (this.place === null) this.base = this.place = cursor;
    this.#post(tab, { state: this.state });
    if (this.state.connected) this.#greet(tab);
    return tab;
  }

  /** @param {Tab} tab */
  leave(tab) {
    this.tabs.delete(tab);
  }

  /** Note that a tab has read so many messages; a blocked tab may be sent more. @param {Tab} tab @param {number} number */
  read(tab, number) {
    tab.read = number;
    if (!tab.blocked || tab.sent - number > this.mostUnread / 2) return;
    tab.blocked = false;
    this.#post(tab, { state: this.state });
    if (this.state.connected) this.#greet(tab);
  }

  /** Take the stream's state; send it to the tabs if an important field changed. @param {State} stream */
  tell({ connected, lostAt, heardAt, silentSince, openAt, nextTryAt }) {
    const before = this.state;
    this.state = { connected, lostAt, heardAt, silentSince, openAt, nextTryAt };
    if (TOLD.some((name) => before[name] !== this.state[name])) this.beat();
  }

  /** Send every tab the stream's state, also as a sign that this worker runs. */
  beat() {
    for (const tab of this.tabs) this.#post(tab, { state: this.state });
  }

  /** Take a frame of the stream. @param {Frame} frame @param {number} heardAt */
  take(frame, heardAt) {
    this.state = { ...this.state, heardAt };
    if (frame.event === "hello") this.#hello(frame);
    else if (frame.event === "resync") this.#resync(frame);
    else if (frame.event === "stale") this.#pass(frame, () => this.doubts.set(about(frame), frame));
    else if (frame.event === "fresh") this.#pass(frame, () => this.doubts.delete(about(frame)));
    else if (frame.event === "mutes") this.#pass(frame, () => (this.mutes = frame));
    else this.#event(frame);
  }

  /** @param {Frame} frame */
  #hello({ id, data }) {
    this.state = { ...UNKNOWN, connected: true, heardAt: this.state.heardAt };
    this.greeting = { data, at: this.now() };
    this.doubts.clear();
    this.mutes = null;
    if (id && id !== this.place) this.#begin(id);
    for (const tab of this.tabs) this.#greet(tab);
  }

  /** @param {Frame} frame */
  #resync(frame) {
    if (this.greeting) this.greeting.data = { ...this.greeting.data, run_id: frame.data.run_id };
    this.#begin(frame.id);
    for (const tab of this.tabs) this.#send(tab, frame);
  }

  /** Keep an event, or a ping that moves the position: it stands for an event of another program. @param {Frame} frame */
  #event(frame) {
    const moves = frame.id !== "" && frame.id !== this.place;
    if (moves && !this.greeting?.data.filtered && skips(this.place, frame.id)) this.#begin(frame.id);
    else if (moves) this.#keep(frame);
    for (const tab of this.tabs) this.#send(tab, frame);
  }

  /** Drop the kept events: the next events do not follow them without a gap. @param {string} place */
  #begin(place) {
    this.kept = [];
    this.base = this.place = place;
  }

  /** @param {Frame} frame */
  #keep(frame) {
    this.place = frame.id;
    this.kept.push(frame);
    if (this.kept.length > this.mostKept) this.base = this.kept.shift()?.id ?? this.base;
  }

  /** @param {Frame} frame @param {() => void} note */
  #pass(frame, note) {
    note();
    for (const tab of this.tabs) this.#send(tab, frame);
  }

  /** Send a tab `hello` as the router would now, the conditions, and the events that it missed. @param {Tab} tab */
  #greet(tab) {
    if (!this.greeting) return;
    const { data, at } = this.greeting;
    tab.cursor ??= this.place;
    this.#send(tab, { event: "hello", id: tab.cursor ?? "", data: { ...data, now: data.now + this.now() - at } });
    for (const doubt of this.doubts.values()) this.#send(tab, doubt);
    if (this.mutes) this.#send(tab, this.mutes);
    this.#catchUp(tab, data.run_id);
  }

  /** @param {Tab} tab @param {string} run_id the Redis process that the stream reads */
  #catchUp(tab, run_id) {
    const at = 1 + this.kept.findLastIndex((frame) => frame.id === tab.cursor);
    if (at > 0 || tab.cursor === this.base) {
      for (const frame of this.kept.slice(at)) this.#send(tab, frame);
      return;
    }
    const place = /** @type {string} */ (this.place);
    const data = { dropped: distance(tab.cursor, place), reason: "lagged", after_ms: 0, run_id };
    this.#send(tab, { event: "resync", id: place, data });
  }

  /** @param {Tab} tab @param {Frame} frame */
  #send(tab, frame) {
    if (!this.#post(tab, { frame, heardAt: this.state.heardAt })) return;
    if (!["hello", "stale", "fresh", "mutes"].includes(frame.event)) tab.cursor = frame.id || tab.cursor;
  }

  /** Send a tab a message with our time, as the tab has another clock. @param {Tab} tab @param {any} message @returns {boolean} whether it was sent */
  #post(tab, message) {
    if (tab.blocked) return false;
    tab.post({ ...message, now: this.now() });
    tab.sent += 1;
    tab.blocked = tab.sent - tab.read > this.mostUnread;
    return true;
  }
}

/** The reason and node of a condition, as a key. @param {Frame} frame */
function about({ data }) {
  return JSON.stringify([data.reason, data.node]);
}
