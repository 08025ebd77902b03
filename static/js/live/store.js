/**
 * What the page knows: pure state, no document and no network. Frames and snapshots come in; whoever
 * listens is told that something changed. The rules are those of a client that is never stale in
 * silence: after a `resync` a snapshot is wanted; one from before it is refused, and what has come
 * since is applied on top of it; events at or before a snapshot are ignored; a jump that nobody
 * covered is a gap.
 * @module
 */

import { compare, skips } from "./position.js";

/** @typedef {{event: string, id: string, data: any}} Frame */
/** @typedef {{reason: string, node: string|null, since: number, detail: string}} Condition */
/** @typedef {{at: number, event: string, title: string, text: string, status: string, key: string}} Line */

const MOST_LINES = 100;
const MOST_SINCE = 5000;

export class Store {
  /** @param {{now?: () => number, warn?: (...words: any[]) => void}} [outside] */
  constructor({ now = Date.now, warn = (...words) => console.warn(...words) } = {}) {
    this.now = now;
    this.warn = warn;
    /** @type {Map<string, any>} */ this.services = new Map();
    /** @type {Map<string, Condition>} */ this.conditions = new Map();
    /** @type {Line[]} */ this.lines = [];
    /** @type {string|null} the last position seen */ this.place = null;
    /** @type {string|null} up to here the snapshot holds everything */ this.snapshotAt = null;
    /** @type {string|null} events up to here are in `lines` */ this.listedTo = null;
    /** @type {string|null} the Redis process that the stream reads */ this.redis = null;
    /** @type {{afterMs: number}|null} a snapshot is due */ this.wanted = { afterMs: 0 };
    /** @type {string|null} a snapshot must not be older than this */ this.base = null;
    /** @type {Frame[]} what has come since `base`, while a snapshot is due */ this.since = [];
    /** @type {{dropped: number|null, at: number}|null} */ this.missed = null;
    this.pingSeconds = 15;
    this.clockOffset = 0;
    /** @type {number|null} */ this.lastEventAt = null;
    this.loaded = false;
    /** Whether a stream ever was there. */ this.greeted = false;
    /** @type {() => void} */ this.changed = () => {};
  }

  /** Take one frame of the stream. @param {Frame} frame */
  apply({ event, id, data }) {
    if (event === "hello") this.#hello(id, data);
    else if (event === "resync") this.#resync(id, data);
    else if (event === "ping") this.#ping(id);
    else if (event === "stale") this.conditions.set(key(data), data);
    else if (event === "fresh") this.#fresh(data);
    else this.#event(event, id, data);
    this.changed();
  }

  /**
   * Take an answer of `/api/services`, unless it is older than the page can make up for (of a worker
   * that lags), comes from another Redis than the stream does or doubts a node that the stream does not.
   * @param {any} answer
   * @param {{streaming: boolean}} how whether a stream is open, whose doubts then count
   * @returns {boolean} whether it was taken
   */
  snapshot(answer, { streaming }) {
    const sameRedis = this.redis === null || answer.store === this.redis;
    if (streaming && !(sameRedis && this.#agrees(answer.stale))) return false;
    const oldest = this.wanted ? this.base : this.place;
    if (sameRedis && oldest !== null && compare(answer.cursor, oldest) < 0) return false;
    this.redis = answer.store;
    this.services = new Map(answer.services.map((/** @type {any} */ one) => [one.id, one]));
    this.snapshotAt = answer.cursor;
    if (!streaming || this.place === null) this.place = answer.cursor;
    if (!streaming) this.conditions = new Map(answer.stale.map((/** @type {any} */ one) => [key(one), one]));
    this.clockOffset = answer.now - this.now();
    // What another Redis told does not belong on top of this one's state.
    if (sameRedis) for (const frame of this.since) this.#fold(frame);
    this.wanted = null;
    this.since = [];
    this.loaded = true;
    this.changed();
    return true;
  }

  /**
   * Whether the stream too calls lost each node that an answer does: its services say "unknown" there
   * instead of how they were, and nobody would tell this page when that ends.
   * @param {Condition[]} stale
   */
  #agrees(stale) {
    return stale.every((one) => one.node === null || this.conditions.has(key(one)));
  }

  /** A service as it is to be shown: nobody knows how that of a lost node is. @param {any} record */
  shown(record) {
    const lost = this.conditions.get(key({ reason: "scanner", node: record.node }));
    if (!lost) return record;
    const sockets = record.sockets.map((/** @type {any} */ socket) => ({ ...socket, status: "unknown" }));
    return { ...record, status: "unknown", reason: lost.detail, changed_at: lost.since, healthy: false, sockets };
  }

  /** @param {string} id @param {any} data */
  #hello(id, data) {
    this.greeted = true;
    this.redis = data.store ?? null;
    this.pingSeconds = data.ping_seconds;
    this.clockOffset = data.now - this.now();
    // What ended while this page was away is told by nobody; what lasts follows the hello.
    for (const condition of [...this.conditions.values()]) this.#fresh(condition);
    // A stream that begins behind the snapshot: nothing is lost, but what lies between is not known.
    if (this.place === null || compare(id, this.place) > 0) {
      this.place = id || this.place;
      this.#wantAnew(this.wanted?.afterMs ?? 0);
    }
  }

  /** @param {string} id @param {any} data */
  #resync(id, data) {
    const number = data.dropped === null ? "an unknown number of" : data.dropped;
    this.warn(`hero_router: missed ${number} events (${data.reason}), loading the state anew`, data.dropped);
    this.place = id;
    this.redis = data.store ?? null;
    // Nobody knows where an unknown gap began: what follows may lie before all that was seen.
    if (data.dropped === null) this.snapshotAt = this.listedTo = null;
    this.missed = { dropped: data.dropped, at: this.now() };
    this.#line("resync", { title: `missed ${number} events`, text: `${data.reason}: the state is loaded anew` });
    this.#wantAnew(Math.max(data.after_ms, this.wanted?.afterMs ?? 0));
  }

  /** The router pings only whom it has sent everything; one that is next stands for a foreign event. @param {string} id */
  #ping(id) {
    if (skips(this.place, id)) this.#gap(id);
    this.place = id || this.place;
  }

  /** Events before `id` got lost on the way, and nobody said so. @param {string} id */
  #gap(id) {
    this.warn(`hero_router: nothing told of the events between ${this.place} and ${id}`);
    this.missed = { dropped: null, at: this.now() };
    this.#line("resync", { title: "missed an unknown number of events", text: "lost on the way: the state is loaded anew" });
    this.place = id;
    this.#wantAnew(this.wanted?.afterMs ?? 0);
  }

  /** After a gap what is kept from before it is worth nothing. @param {number} afterMs */
  #wantAnew(afterMs) {
    this.wanted = null;
    this.#want(afterMs);
  }

  /** A snapshot is due that is not older than what the page has now. @param {number} afterMs */
  #want(afterMs) {
    if (this.wanted) return;
    this.wanted = { afterMs };
    this.base = this.place;
    this.since = [];
  }

  /** @param {any} data */
  #fresh(data) {
    this.conditions.delete(key(data));
    // While its scanner was away, a node's services were shown as unknown.
    if (data.node !== null) this.#want(0);
  }

  /** @param {string} event @param {string} id @param {any} data */
  #event(event, id, data) {
    if (skips(this.place, id)) this.#gap(id);
    this.place = id;
    this.lastEventAt = this.now();
    if (this.listedTo === null || compare(id, this.listedTo) > 0) {
      this.listedTo = id;
      // What a scan changed has events of its own.
      if (event !== "scan" || data.requests?.length) this.#line(event, told(event, data));
    }
    const frame = { event, id, data };
    if (this.wanted) this.since.push(frame);
    if (this.since.length > MOST_SINCE) this.base = this.since.shift()?.id ?? this.base;
    this.#fold(frame);
  }

  /** Applying the same state twice is harmless; an older one than the snapshot's is not. @param {Frame} frame */
  #fold({ event, id, data }) {
    if (this.snapshotAt !== null && compare(id, this.snapshotAt) <= 0) return;
    if (event === "service_removed") this.services.delete(data.id);
    else if (data.service) this.services.set(data.service.id, data.service);
  }

  /** @param {string} event @param {{title: string, text: string, status?: string, key?: string}} words */
  #line(event, words) {
    const line = { at: this.now(), event, status: "", key: "", ...words };
    this.lines = [line, ...this.lines].slice(0, MOST_LINES);
  }
}

/** @param {{reason: string, node: string|null}} condition */
function key({ reason, node }) {
  return JSON.stringify([reason, node]);
}

/** An event in a few words. @param {string} event @param {any} data */
function told(event, data) {
  if (event === "scan") return { title: `scan of ${data.node}`, text: scanned(data) };
  const one = data.service ?? data;
  const title = one.context === "default" ? one.name : `${one.context}/${one.name}`;
  const known = { title, status: one.status ?? "", key: one.id };
  if (event === "service_removed") return { ...known, text: `removed: ${data.reason}` };
  const because = one.reason ? `: ${one.reason}` : "";
  if (event === "status_change") return { ...known, text: `${data.from} → ${data.to}${because}` };
  return { ...known, text: `${event === "service_added" ? "added" : "updated"}, ${one.status}${because}` };
}

/** @param {any} data */
function scanned(data) {
  const parts = ["added", "removed", "changed"].filter((name) => data[name] > 0).map((name) => `${data[name]} ${name}`);
  const found = `${data.discovered} service${data.discovered === 1 ? "" : "s"}`;
  return `${[found, ...parts].join(", ")}${data.requests?.length ? "; asked for" : ""}`;
}
