/**
 * What the page shows: the place (from the address), the index of the services, and the service that is
 * chosen. `work` brings it up to date in small pieces; then the views draw it with the changes since the
 * last drawing.
 * @module
 */

import { split } from "../route.js";
import { everything, nothing } from "./changes_to_draw.js";
import { Rows } from "./groups.js";
import { NO_HOUR } from "./hour.js";
import { GROUPINGS, ServiceCollection } from "./service_collection.js";
import { SORTS } from "./order.js";
import { parse } from "./query.js";
import { day } from "./times.js";

/** @typedef {import("../live/freshness.js").Freshness} Freshness */
/** @typedef {import("../route.js").Place} Place */
const TIMED_MS = 5_000;

export class Model {
  /** @param {import("../live/store.js").Store} store @param {Freshness} fresh @param {Place} place */
  constructor(store, fresh, place) {
    this.store = store;
    this.index = new ServiceCollection();
    /** @type {Freshness} as of the last drawing */ this.fresh = fresh;
    this.place = place;
    this.rows = new Rows(this.index.groups, { heads: true, shut: new Set() });
    /** Whether the services are in the index, since the state was loaded. */ this.loaded = false;
    /** @type {import("./status.js").Shown|null} the chosen service */ this.chosen = null;
    /** How many services the address may mean. */ this.meant = 0;
    /** @type {string|null} the key of the last service that was found */ this.foundAt = null;
    /** @type {{id: string, answer: any}|null} what the router says of one service alone: its last probe, addresses, errors; null: it could not be had */ this.details = null;
    /** @type {import("./terminal.js").Redis|null} how redis-cli reads what is shown; null: not known yet */ this.redis = null;
    /** @type {import("./hour.js").Hour} the last hour of all services */ this.hour = NO_HOUR;
    /** @type {import("./caller.js").Caller|null} null: not known, or not signed in */ this.caller = null;
    this.wasPast = true;
    /** The day of the last drawing: times of other days are written with theirs. */ this.day = "";
    this.arranged = "";
    this.arrangedAt = 0;
    this.delta = everything();
  }

  /** The text of the filter. */
  get filter() {
    return this.place.query.q ?? "";
  }

  /** Whether the page may be out of date: then it tells of the past. */
  get past() {
    return this.fresh.trust === "none";
  }

  /** The time to which ages are counted, by the router's clock: while the page may be out of date, they stand still. */
  get now() {
    const { clock } = this.store;
    return this.past ? (this.fresh.state.asOf ?? clock.router()) : clock.router();
  }

  /** Another place was chosen, or its query changed. @param {Place} place */
  go(place) {
    this.place = place;
    this.delta.place = true;
    // The place and the chosen service always belong together, also between two pieces of work.
    this.#choose();
  }

  /** What is known of the last hour is this now. @param {import("./hour.js").Hour} hour */
  remember(hour) {
    this.hour = hour;
    this.delta.hour = true;
  }

  /** The router says who the person is. @param {import("./caller.js").Caller|null} caller */
  meet(caller) {
    this.delta.caller ||= JSON.stringify(caller) !== JSON.stringify(this.caller);
    this.caller = caller;
  }

  /** Take what is new from the store. Nothing may be drawn until this has ended. @param {Freshness} fresh @returns {Generator<void>} */
  *work(fresh) {
    this.fresh = fresh;
    const { store, index } = this;
    const { loaded } = store;
    const { ids, all, conditions, lines } = store.take();
    const doubted = index.doubt(fresh.state.conditions);
    yield* this.#arrange();
    const todo = all ? new Set([...store.services.keys(), ...index.entries.keys()]) : new Set([...ids, ...doubted]);
    for (const id of todo) {
      const record = store.services.get(id);
      if (record) index.put(record, this.now);
      else index.remove(id);
      yield;
    }
    this.loaded = loaded;
    const { group, shut } = this.#list();
    const hidden = index.arrangement.terms.length > 0 ? [] : split(shut);
    this.rows = new Rows(index.groups, { heads: group !== "none", shut: new Set(hidden) });
    this.#choose();
    for (const id of todo) this.delta.ids.add(id);
    this.delta.all ||= all;
    const today = day(fresh.at);
    const isAnother = today !== this.day;
    this.day = today;
    this.delta.lines ||= lines || isAnother;
    this.delta.conditions ||= conditions || isAnother || doubted.size > 0 || this.past !== this.wasPast;
    this.wasPast = this.past;
  }

  /** What has changed since this was last called. @returns {import("./changes_to_draw.js").Delta} */
  drawn() {
    const { delta } = this;
    this.delta = nothing();
    return delta;
  }

  /** How the list is sorted and grouped, and its shut groups. */
  #list() {
    const { sort, group, shut } = this.place.query;
    return { sort: SORTS.includes(sort) ? sort : SORTS[0], group: GROUPINGS.includes(group) ? group : GROUPINGS[0], shut };
  }

  /** List the services anew if the filter, the sort or the groups changed, or if the filter depends on the time. */
  *#arrange() {
    const { sort, group } = this.#list();
    const wanted = JSON.stringify([this.filter, sort, group]);
    const due = this.index.timed && Math.abs(this.now - this.arrangedAt) > TIMED_MS;
    if (wanted === this.arranged && !due) return;
    this.arranged = wanted;
    this.arrangedAt = this.now;
    yield* this.index.arrange({ terms: parse(this.filter), sort, group }, this.now);
    this.delta.place = true;
  }

  #choose() {
    const { key, old } = this.place;
    const found = key ? this.index.find(key) : old !== null ? this.#named(old) : [];
    this.meant = found.length;
    this.chosen = found.length === 1 ? found[0] : null;
    if (this.chosen) this.foundAt = JSON.stringify(key);
  }

  /** The services that an address of an older version may mean. @param {string} old an id or a name */
  #named(old) {
    const entry = this.index.entries.get(old);
    const entries = entry ? [entry] : [...this.index.entries.values()].filter(({ shown }) => shown.name === old);
    return entries.map(({ shown }) => shown);
  }
}
