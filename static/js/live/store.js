/**
 * What the page knows: pure state, no document and no network. Frames and snapshots come in; whoever
 * listens is told that something changed. The rules are those of a client that is never stale in
 * silence: after a `resync` a snapshot is wanted; one from before it is refused, and what has come
 * since is applied on top of it; events at or before a snapshot are ignored; a jump that nobody
 * covered is a gap.
 * @module
 */

import { Clock } from "./clock.js";
import { Lines } from "./timeline.js";
import { compare, skips } from "./position.js";
import { Pulse } from "./latency.js";
import { blind, known } from "./normalize.js";

/** @typedef {{event: string, id: string, data: any}} Frame */
/** @typedef {{reason: string, node: string|null, since: number, detail: string}} Condition */

const MOST_SINCE = 5000;

export class Store {
  /** @param {{clock?: Clock, warn?: (...words: any[]) => void}} [outside] */
  constructor({ clock = new Clock(), warn = (...words) => console.warn(...words) } = {}) {
    this.clock = clock;
    this.warn = warn;
    this.pulse = new Pulse(clock);
    this.lines = new Lines();
    /** @type {Map<string, any>} */ this.services = new Map();
    /** @type {any[]} what the nodes' scanners last reported, as of the last snapshot */ this.nodes = [];
    /** @type {Map<string, Condition>} the doubts that the stream tells */ this.told = new Map();
    /** @type {Map<string, Condition>} those of the last snapshot */ this.polled = new Map();
    /** @type {string|null} the last position seen */ this.place = null;
    /** @type {string|null} up to here the snapshot holds everything */ this.snapshotAt = null;
    /** @type {string|null} the Redis process that the stream reads */ this.redis = null;
    /** @type {{afterMs: number}|null} a snapshot is due */ this.wanted = { afterMs: 0 };
    /** @type {string|null} a snapshot must not be older than this */ this.base = null;
    /** @type {Frame[]} what has come since `base`, while a snapshot is due */ this.since = [];
    /** @type {{now: number, to: string|null}|null} a stream went on: what happened before `now` is still to come, up to `to` */
    this.behind = null;
    /** @type {{dropped: number|null, at: number}|null} */ this.missed = null;
    /** Whether what was missed is missing still. */ this.missing = false;
    /** @type {number|null} the last moment, by the router's clock, of which the state is known to be right */ this.asOf = null;
    /** @type {{now: number, asOf: number}|null} how old the worker's own proof was, when it last told */ this.proof = null;
    this.pingSeconds = 15;
    this.loaded = false;
    /** Whether a stream ever was there. */ this.greeted = false;
    /** @type {{version: string, assets: string}|null} the first router that greeted, and the last one */ this.met = null;
    /** @type {{version: string, assets: string}|null} */ this.router = null;
    /** @type {() => void} */ this.changed = () => {};
  }

  /** Take one frame of the stream. @param {Frame} frame @param {number} [at] when it came, by our clock */
  apply({ event, id, data }, at = this.clock.now()) {
    this.pulse.take({ event, id, data }, at);
    if (event === "hello") this.#hello(id, data);
    else if (event === "resync") this.#resync(id, data);
    else if (event === "ping") this.#ping(id, data);
    else if (event === "stale") this.#stale(data);
    else if (event === "fresh") this.#fresh(data);
    else this.#event(event, id, data);
    this.#prove(data);
    this.changed();
  }

  /**
   * Take an answer of `/api/services`, unless it is older than the page can make up for (of a worker
   * that lags), comes from another Redis than the stream does, or hides how the services of a node are
   * that the stream does not call lost.
   * @param {any} answer
   * @param {{streaming: boolean}} how whether a stream is open, whose doubts then count
   * @returns {boolean} whether it was taken
   */
  snapshot(answer, { streaming }) {
    const sameRedis = this.redis === null || answer.run_id === this.redis;
    const services = answer.services.map(known);
    if (streaming && !(sameRedis && services.every((/** @type {any} */ one) => this.#agrees(one)))) return false;
    const oldest = this.wanted ? this.base : this.place;
    if (sameRedis && oldest !== null && compare(answer.cursor, oldest) < 0) return false;
    this.redis = answer.run_id;
    this.services = new Map(services.map((/** @type {any} */ one) => [one.id, one]));
    this.nodes = Array.isArray(answer.nodes) ? answer.nodes : [];
    this.snapshotAt = answer.cursor;
    if (!streaming || this.place === null) this.place = answer.cursor;
    this.polled = new Map(answer.stale.map((/** @type {any} */ one) => [key(one), one]));
    // What another Redis told does not belong on top of this one's state.
    if (sameRedis) for (const frame of this.since) this.#fold(frame);
    this.asOf = answer.as_of ?? asOf(answer);
    this.wanted = this.behind = null;
    this.since = [];
    this.loaded = true;
    this.missing = false;
    this.changed();
    return true;
  }

  /** What happened before this page was there. @param {any} answer of `/api/events/recent` */
  fill(answer) {
    if (this.redis === null || answer.run_id === this.redis) this.lines.fill(answer.events);
    this.changed();
  }

  /** How far the router is: a stream that went on has brought all once it is there too. @param {any} answer of `/api/events/recent` */
  aim(answer) {
    if (this.behind && answer.run_id === this.redis) this.behind.to = answer.cursor;
    this.#reached();
    this.changed();
  }

  /** Whether a record of a snapshot says how the service is, or the stream too calls its node lost. @param {any} record */
  #agrees(record) {
    return !blind(record) || this.told.has(key({ reason: "scanner", node: record.node }));
  }

  /** @param {string} id @param {any} data */
  #hello(id, data) {
    if (this.greeted) this.lines.away({ from: this.asOf ?? data.now, to: data.now });
    this.greeted = true;
    this.redis = data.run_id ?? null;
    this.pingSeconds = data.ping_seconds;
    this.router = { version: data.version ?? "", assets: data.assets ?? "" };
    this.met ??= this.router;
    this.proof = null;
    // What ended while this page was away is told by nobody; what lasts follows the hello.
    for (const condition of [...this.told.values()]) this.#fresh(condition);
    // A stream that begins behind the snapshot: nothing is lost, but what lies between is not known.
    if (this.place === null || compare(id, this.place) > 0) {
      this.place = id || this.place;
      this.#wantAnew(this.wanted?.afterMs ?? 0);
    } else {
      this.behind = { now: data.now, to: null };
    }
  }

  /** @param {string} id @param {any} data */
  #resync(id, data) {
    const number = data.dropped === null ? "an unknown number of" : data.dropped;
    this.warn(`hero_router: missed ${number} events (${data.reason}), loading the state anew`, data.dropped);
    this.redis = data.run_id ?? null;
    // Nobody knows where an unknown gap began: what follows may lie before all that was seen.
    if (data.dropped === null) this.snapshotAt = null;
    if (data.dropped === null) this.lines.forget();
    this.#miss(id, data.dropped, data.reason);
    this.#wantAnew(Math.max(data.after_ms, this.wanted?.afterMs ?? 0));
  }

  /** The router pings only whom it has sent everything; one that is next stands for a foreign event. @param {string} id @param {any} data */
  #ping(id, data) {
    if (skips(this.place, id)) this.#gap(id);
    this.place = id || this.place;
    this.#reached(data.at ?? Infinity);
  }

  /** Events before `id` got lost on the way, and nobody said so. @param {string} id */
  #gap(id) {
    this.warn(`hero_router: nothing told of the events between ${this.place} and ${id}`);
    this.#miss(id, null, "lost on the way");
    this.#wantAnew(this.wanted?.afterMs ?? 0);
  }

  /** Events before and at `id` are missing; until the state is loaded, they add up. @param {string} id @param {number|null} dropped @param {string} reason */
  #miss(id, dropped, reason) {
    const before = this.missed !== null && this.missing ? this.missed.dropped : 0;
    const at = this.clock.router();
    this.missing = true;
    this.missed = { dropped: before === null || dropped === null ? null : before + dropped, at };
    this.lines.missed(id, { dropped, reason }, at);
    this.place = id;
  }

  /** After a gap what is kept from before it is worth nothing. @param {number} afterMs */
  #wantAnew(afterMs) {
    this.wanted = this.behind = null;
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
  #stale(data) {
    this.told.set(key(data), data);
  }

  /** @param {any} data */
  #fresh(data) {
    this.told.delete(key(data));
    // A router of an older version did not say how the services of a lost node were.
    const hidden = (/** @type {any} */ one) => one.node === data.node && blind(one);
    if (data.node !== null && [...this.services.values()].some(hidden)) this.#want(0);
  }

  /** @param {string} event @param {string} id @param {any} data */
  #event(event, id, data) {
    if (skips(this.place, id)) this.#gap(id);
    this.place = id;
    this.lines.add(id, event, data, data.at ?? this.clock.router());
    const frame = { event, id, data };
    if (this.wanted) this.since.push(frame);
    if (this.since.length > MOST_SINCE) this.base = this.since.shift()?.id ?? this.base;
    this.#fold(frame);
    this.#reached(data.at);
  }

  /** Applying the same state twice is harmless; an older one than the snapshot's is not. @param {Frame} frame */
  #fold({ event, id, data }) {
    if (this.snapshotAt !== null && compare(id, this.snapshotAt) <= 0) return;
    if (event === "service_removed") this.services.delete(data.id);
    else if (data.service) this.services.set(data.service.id, data.service);
  }

  /** Whether all has come that happened while the page was away. @param {number} [at] when what came happened */
  #reached(at = -Infinity) {
    if (!this.behind) return;
    const there = this.behind.to !== null && compare(this.place, this.behind.to) >= 0;
    if (there || at >= this.behind.now) this.behind = null;
  }

  /** A frame may say as of when its worker is sure. @param {any} data */
  #prove({ now, as_of: sure, at }) {
    if (Number.isFinite(now) && Number.isFinite(sure)) this.proof = { now, asOf: sure };
    const told = sure === undefined ? (now ?? at) : sure;
    if (this.wanted || this.behind || !Number.isFinite(told)) return;
    this.asOf = Math.max(told, this.asOf ?? told);
  }
}

/** As of when an answer is, of a router that does not say. @param {any} answer */
function asOf({ stale, now }) {
  const all = stale.filter((/** @type {Condition} */ one) => one.node === null);
  return Math.min(now, ...all.map((/** @type {Condition} */ one) => one.since));
}

/** What a doubt is about. @param {{reason: string, node: string|null}} condition */
function key({ reason, node }) {
  return JSON.stringify([reason, node]);
}
