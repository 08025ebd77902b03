/**
 * The page's state: no document and no network. It takes frames of the stream and snapshots of the state
 * API, calls `changed`, and `take` tells what has changed. Its rules, so that the page is never stale without saying so: after a `resync`
 * a snapshot is needed; an older snapshot is refused; later events are applied on top of the snapshot;
 * events at or before the snapshot are ignored; missing positions without a `resync` count as a gap, unless the stream is filtered.
 * @module
 */

import { Clock } from "./clock.js";
import { Changes } from "./pending_changes.js";
import { Lines } from "./timeline.js";
import { compare, skips } from "./position.js";
import { StreamLag } from "./stream_lag.js";
import { blind, known } from "./normalize.js";

/** @typedef {{event: string, id: string, data: any}} Frame */
/** @typedef {{reason: string, node: string|null, since: number, detail: string}} Condition */

/** No webhooks are sent about a muted service; `until` is null where only a person ends the mute. @typedef {{id: string, by: string, at: number, until: number|null, note: string}} Mute */

const MOST_SINCE = 5000;

export class Store {
  /** @param {{clock?: Clock, warn?: (...words: any[]) => void}} [outside] */
  constructor({ clock = new Clock(), warn = (...words) => console.warn(...words) } = {}) {
    this.clock = clock;
    this.warn = warn;
    this.pulse = new StreamLag(clock);
    this.lines = new Lines();
    this.changes = new Changes();
    /** @type {Map<string, any>} */ this.services = new Map();
    /** @type {any[]} what the nodes' scanners last reported, as of the last snapshot */ this.nodes = [];
    /** @type {Map<string, Condition>} the conditions that the stream reported */ this.told = new Map();
    /** @type {Map<string, Condition>} the conditions in the last snapshot */ this.polled = new Map();
    /** @type {Map<string, Mute>} the services that are muted now, by id */ this.mutes = new Map();
    /** @type {string|null} the last position seen */ this.place = null;
    /** @type {string|null} the position of the snapshot */ this.snapshotAt = null;
    /** @type {string|null} the Redis process that the stream reads */ this.redis = null;
    /** @type {{afterMs: number}|null} a snapshot is needed */ this.wanted = { afterMs: 0 };
    /** @type {string|null} a snapshot must not be older than this position */ this.base = null;
    /** @type {Frame[]} the events since `base`, while a snapshot is needed */ this.since = [];
    /** @type {{now: number, to: string|null}|null} a stream resumed: events from before `now`, up to `to`, are still arriving */
    this.behind = null;
    /** @type {{dropped: number|null, at: number}|null} */ this.missed = null;
    /** Whether missed events are still missing. */ this.missing = false;
    /** @type {number|null} the last time, by the router's clock, for which the state is known to be right */ this.asOf = null;
    /** @type {{now: number, asOf: number}|null} when Redis last confirmed the worker's state, as of its last frame */ this.proof = null;
    this.pingSeconds = 15;
    /** Whether the router hides events from this person: their positions are missing in the stream. */ this.filtered = false;
    this.loaded = false;
    /** Whether any stream has ever begun. */ this.greeted = false;
    /** @type {{version: string, assets: string}|null} the router of the first `hello` */ this.met = null;
    /** @type {{version: string, assets: string, node: string, worker: string}|null} the router of the last `hello` */ this.router = null;
    /** @type {() => void} */ this.changed = () => {};
  }

  /** What has changed since this was last called. */
  take() {
    return this.changes.take(this.lines.all);
  }

  /** Take one frame of the stream. @param {Frame} frame @param {number} [at] when it came, by our clock */
  apply({ event, id, data }, at = this.clock.now()) {
    this.pulse.take({ event, id, data }, at);
    if (event === "hello") this.#hello(id, data);
    else if (event === "resync") this.#resync(id, data);
    else if (event === "ping") this.#ping(id, data);
    else if (event === "stale") this.#stale(data);
    else if (event === "fresh") this.#fresh(data);
    else if (event === "mutes") this.#mute(data.mutes);
    else this.#event(event, id, data);
    this.#prove(data);
    this.changed();
  }

  /**
   * Take an answer of `/api/services`, unless it is too old (of a worker that lags), is of another Redis
   * than the stream, or lacks the status of a node's services though the stream does not call the node
   * lost.
   * @param {any} answer
   * @param {{streaming: boolean}} how whether a stream is open, whose conditions then count
   * @returns {boolean} whether it was taken
   */
  snapshot(answer, { streaming }) {
    const sameRedis = this.redis === null || answer.run_id === this.redis;
    const services = answer.services.map(known);
    if (streaming && !(sameRedis && services.every((/** @type {any} */ one) => this.#agrees(one)))) return false;
    const oldest = this.wanted ? this.base : this.place;
    if (sameRedis && oldest !== null && compare(answer.cursor, oldest) < 0) return false;
    this.redis = answer.run_id;
    // The stream says more newly who is muted.
    if (!streaming) this.mutes = new Map(services.filter((/** @type {any} */ one) => one.muted).map((/** @type {any} */ one) => [one.id, one.muted]));
    this.services = new Map(services.map((/** @type {any} */ one) => [one.id, this.#muted(one)]));
    this.changes.all = true;
    this.nodes = answer.nodes;
    this.snapshotAt = answer.cursor;
    if (!streaming || this.place === null) this.place = answer.cursor;
    this.polled = new Map(answer.stale.map((/** @type {any} */ one) => [key(one), one]));
    // Events of another Redis must not be applied on top of this one's state.
    if (sameRedis) for (const frame of this.since) this.#fold(frame);
    this.asOf = answer.as_of ?? asOf(answer);
    this.wanted = null;
    // A router that doubts its own state does not prove that a stream that resumed is complete.
    if (!streaming || answer.stale.every((/** @type {Condition} */ one) => one.node !== null)) this.behind = null;
    this.since = [];
    this.loaded = true;
    this.missing = false;
    this.changed();
    return true;
  }

  /** List the events from before this page was opened. @param {any} answer of `/api/events/recent` */
  fill(answer) {
    if (this.redis === null || answer.run_id === this.redis) this.lines.fill(answer.events);
    this.changed();
  }

  /** Take the router's newest position: a stream that resumed is complete once it has reached it. @param {any} answer of `/api/events/recent` */
  aim(answer) {
    if (this.behind && answer.run_id === this.redis) this.behind.to = answer.cursor;
    this.#reached();
    this.changed();
  }

  /** Whether a record of a snapshot has a status, or its node is lost by the stream too. @param {any} record */
  #agrees(record) {
    return !blind(record) || this.told.has(key({ reason: "scanner", node: record.node }));
  }

  /** @param {string} id @param {any} data */
  #hello(id, data) {
    if (this.greeted) this.lines.away({ from: this.asOf ?? data.now, to: data.now });
    this.greeted = true;
    this.redis = data.run_id;
    this.pingSeconds = data.ping_seconds;
    this.filtered = data.filtered ?? false;
    this.router = { version: data.version ?? "", assets: data.assets ?? "", node: data.node ?? "", worker: String(data.worker ?? "") };
    this.met ??= this.router;
    this.proof = null;
    // No frame reports a condition that ended while this page was away; those that last follow `hello`.
    for (const condition of [...this.told.values()]) this.#fresh(condition);
    this.#mute([]);
    // A stream that begins after the snapshot: the events in between are unknown.
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
    this.redis = data.run_id;
    // Where an unknown gap began is unknown too: the next events may be older than those seen.
    if (data.dropped === null) this.snapshotAt = null;
    if (data.dropped === null) this.lines.forget();
    this.#miss(id, data.dropped, data.reason);
    this.#wantAnew(Math.max(data.after_ms, this.wanted?.afterMs ?? 0));
  }

  /** The router pings only clients that have all events; a ping at the next position stands for an event of another program. @param {string} id @param {any} data */
  #ping(id, data) {
    this.#gap(id);
    this.place = id || this.place;
    this.#reached(data.at ?? Infinity);
  }

  /** Note if events before `id` were lost on the way, without a `resync`. @param {string} id */
  #gap(id) {
    if (this.filtered || !skips(this.place, id)) return;
    this.warn(`hero_router: the events between ${this.place} and ${id} are missing, without a resync`);
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

  /** After a gap, drop the kept events and request a new snapshot. @param {number} afterMs */
  #wantAnew(afterMs) {
    this.wanted = this.behind = null;
    this.#want(afterMs);
  }

  /** Request a snapshot that is not older than the page's state now. @param {number} afterMs */
  #want(afterMs) {
    if (this.wanted) return;
    this.wanted = { afterMs };
    this.base = this.place;
    this.since = [];
  }

  /** @param {any} data */
  #stale(data) {
    this.told.set(key(data), data);
    this.changes.conditions = true;
  }

  /** @param {any} data */
  #fresh(data) {
    this.told.delete(key(data));
    this.changes.conditions = true;
    // A router of an older version does not send the last known status of a lost node's services.
    const hidden = (/** @type {any} */ one) => one.node === data.node && blind(one);
    if (data.node !== null && [...this.services.values()].some(hidden)) this.#want(0);
  }

  /** Take all mutes that hold now. @param {Mute[]} mutes */
  #mute(mutes) {
    const before = this.mutes;
    this.mutes = new Map(mutes.map((one) => [one.id, one]));
    for (const id of new Set([...before.keys(), ...this.mutes.keys()])) {
      const record = this.services.get(id);
      if (record) this.services.set(id, this.#muted(record));
      if (record) this.changes.ids.add(id);
    }
  }

  /** A record with its mute, which records in events lack. @param {any} record */
  #muted(record) {
    const muted = this.mutes.get(record.id) ?? null;
    return (record.muted ?? null) === muted ? record : { ...record, muted };
  }

  /** @param {string} event @param {string} id @param {any} data */
  #event(event, id, data) {
    this.#gap(id);
    this.place = id;
    this.lines.add(id, event, data, data.at ?? this.clock.router());
    const frame = { event, id, data };
    if (this.wanted) this.since.push(frame);
    if (this.since.length > MOST_SINCE) this.base = this.since.shift()?.id ?? this.base;
    this.#fold(frame);
    this.#reached(data.at);
  }

  /** Apply an event, unless the snapshot has it: applying an older event would be wrong. @param {Frame} frame */
  #fold({ event, id, data }) {
    if (this.snapshotAt !== null && compare(id, this.snapshotAt) <= 0) return;
    const changed = data.service?.id ?? data.id;
    if (event === "service_removed") this.services.delete(changed);
    else if (data.service) this.services.set(changed, this.#muted(data.service));
    if (changed !== undefined) this.changes.ids.add(changed);
  }

  /** Note whether all events from the page's absence have arrived. @param {number} [at] when the last event happened */
  #reached(at = -Infinity) {
    if (!this.behind) return;
    const there = this.behind.to !== null && compare(this.place, this.behind.to) >= 0;
    if (there || at >= this.behind.now) this.behind = null;
  }

  /** Take from a frame when Redis last confirmed its worker's state. @param {any} data */
  #prove({ now, as_of: sure, at }) {
    if (Number.isFinite(now) && Number.isFinite(sure)) this.proof = { now, asOf: sure };
    const told = sure === undefined ? (now ?? at) : sure;
    if (this.wanted || this.behind || !Number.isFinite(told)) return;
    this.asOf = Math.max(told, this.asOf ?? told);
  }
}

/** The `as_of` of an answer from an older router, which does not send it. @param {any} answer */
function asOf({ stale, now }) {
  const all = stale.filter((/** @type {Condition} */ one) => one.node === null);
  return Math.min(now, ...all.map((/** @type {Condition} */ one) => one.since));
}

/** The reason and node of a condition, as a key. @param {{reason: string, node: string|null}} condition */
function key({ reason, node }) {
  return JSON.stringify([reason, node]);
}
