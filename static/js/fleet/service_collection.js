/**
 * All services of the page, with what is shown of them as a whole: numbers by status, the filtered and
 * sorted list, the causes. One changed service costs O(log n); nothing is sorted anew.
 * @module
 */

import { Causes } from "./cause_groups.js";
import { Groups } from "./groups.js";
import { natural, rank } from "./order.js";
import { haystack, isTimed, matches } from "./query.js";
import { counted, seen } from "./status.js";

/** @typedef {import("./status.js").Condition} Condition */
/** @typedef {import("./status.js").Shown} Shown */
/**
 * A service in the index. `known`: somebody knows its present status. `hay` are its words for the
 * filter, made when first needed. `rank` and `text` are what it is sorted by, `group` where it is listed.
 * @typedef {{id: string, shown: Shown, known: boolean, hay: string|null, rank: number, text: string, group: string, listed: boolean}} Entry
 */
/** @typedef {{terms: import("./query.js").Term[], sort: string, group: string}} Arrangement */

/** @type {Record<string, (shown: Shown) => string>} */
const GROUPS = { context: ({ context }) => context, node: ({ node }) => node, status: counted, none: () => "" };

/** How the list can be grouped; the first is the default. */
export const GROUPINGS = Object.keys(GROUPS);

export class ServiceCollection {
  constructor() {
    /** @type {Map<string, Entry>} */ this.entries = new Map();
    /** @type {Map<string, Condition>} */ this.lost = new Map();
    /** @type {Set<string|null>} nodes of which the scanner cannot see some services */ this.unseen = new Set();
    /** @type {Map<string, Set<string>>} ids by node */ this.nodes = new Map();
    /** @type {Map<string, Set<string>>} ids by context and name */ this.names = new Map();
    /** @type {Arrangement} */ this.arrangement = { terms: [], sort: "health", group: "context" };
    /** @type {Map<string, number>} */ this.counts = new Map();
    this.known = 0;
    this.troubled = 0;
    this.groups = new Groups();
    this.causes = new Causes();
  }

  /** Add or change a service. @param {any} record @param {number} now by the router's clock */
  put(record, now) {
    const old = this.entries.get(record.id);
    if (old) this.#leave(old);
    const shown = seen(record, this.lost.get(record.node) ?? null);
    const known = !shown.lost && !(shown.status === "unknown" && this.unseen.has(shown.node));
    const entry = { id: record.id, shown, known, hay: null, rank: 0, text: "", group: "", listed: false };
    this.entries.set(record.id, entry);
    this.#tally(entry, 1);
    this.#list(entry, now);
  }

  /** @param {string} id */
  remove(id) {
    const old = this.entries.get(id);
    if (!old) return;
    this.#leave(old);
    this.entries.delete(id);
  }

  /** Take the conditions as they are now. @param {Condition[]} conditions @returns {Set<string>} the services that must be put again */
  doubt(conditions) {
    const lost = new Map();
    const unseen = new Set();
    for (const one of conditions) {
      if (one.reason === "scanner" && one.node !== null) lost.set(one.node, one);
      if (one.reason === "root") unseen.add(one.node);
    }
    const nodes = new Set([...lost.keys(), ...this.lost.keys()].filter((node) => lost.get(node) !== this.lost.get(node)));
    for (const node of [...unseen, ...this.unseen]) if (unseen.has(node) !== this.unseen.has(node)) nodes.add(node);
    this.lost = lost;
    this.unseen = unseen;
    return new Set([...nodes].flatMap((node) => [...(this.nodes.get(node) ?? [])]));
  }

  /** List all services anew, in another way; in pieces. @param {Arrangement} arrangement @param {number} now @returns {Generator<void>} */
  *arrange(arrangement, now) {
    this.arrangement = arrangement;
    this.groups = new Groups();
    this.causes = new Causes();
    for (const entry of this.entries.values()) {
      this.#list(entry, now);
      yield;
    }
  }

  /** Whether what is listed depends on the time. */
  get timed() {
    return isTimed(this.arrangement.terms);
  }

  /** The services with this context and name, and node if that is named. @param {import("../route.js").Key} key @returns {Shown[]} */
  find({ context, name, node }) {
    const found = [...(this.names.get(place(context, name)) ?? [])].map((id) => /** @type {Entry} */ (this.entries.get(id)).shown);
    return found.filter((one) => node === null || one.node === node);
  }

  /** @param {Entry} entry @param {number} now */
  #list(entry, now) {
    const { terms, sort, group } = this.arrangement;
    entry.listed = terms.length === 0 || matches(terms, entry.shown, (entry.hay ??= haystack(entry.shown)), now);
    if (!entry.listed) return;
    entry.rank = rank(entry.shown, sort);
    entry.text = natural(entry.shown.name);
    entry.group = GROUPS[group](entry.shown);
    this.groups.add(entry);
    if (isIll(entry)) this.causes.add(entry);
  }

  /** @param {Entry} entry */
  #leave(entry) {
    this.#tally(entry, -1);
    if (!entry.listed) return;
    this.groups.delete(entry);
    this.causes.delete(entry);
  }

  /** @param {Entry} entry @param {1|-1} change */
  #tally(entry, change) {
    const { id, context, name, node } = entry.shown;
    const status = counted(entry.shown);
    this.counts.set(status, (this.counts.get(status) ?? 0) + change);
    if (entry.known) this.known += change;
    if (isIll(entry)) this.troubled += change;
    for (const [sets, key] of /** @type {const} */ ([[this.nodes, node], [this.names, place(context, name)]])) {
      const ids = sets.get(key) ?? new Set();
      if (change > 0) sets.set(key, ids.add(id));
      else if (ids.delete(id) && ids.size === 0) sets.delete(key);
    }
  }
}

/** @param {Entry} entry */
const isIll = ({ known, shown }) => known && shown.status !== "healthy";

/** @param {string} context @param {string} name */
const place = (context, name) => `${context}\0${name}`;
