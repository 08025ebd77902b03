/**
 * The list of services: groups, each with its services in order, kept under single changes by binary
 * insertion. A row of the list is a group's head, or a service of an open group.
 * @module
 */

import { natural, position } from "./order.js";
import { SEVERITY, counted } from "./status.js";

/** @typedef {import("./service_collection.js").Entry} Entry */
/** `counts` is how many services have each status, `worst` the worst of them. @typedef {{key: string, id: string, rank: number, text: string, entries: Entry[], counts: Map<string, number>}} Group */
/** `entry` is null for the head of a group. @typedef {{key: string, group: Group, entry: Entry|null, open: boolean}} Row */

export class Groups {
  constructor() {
    /** @type {Group[]} */ this.all = [];
    /** @type {Map<string, Group>} */ this.named = new Map();
    this.size = 0;
  }

  /** @param {Entry} entry */
  add(entry) {
    const group = this.named.get(entry.group) ?? this.#begin(entry.group);
    group.entries.splice(position(group.entries, entry), 0, entry);
    this.#count(group, entry, 1);
  }

  /** @param {Entry} entry with the sort keys under which it was added */
  delete(entry) {
    const group = /** @type {Group} */ (this.named.get(entry.group));
    group.entries.splice(position(group.entries, entry), 1);
    this.#count(group, entry, -1);
    if (group.entries.length > 0) return;
    this.named.delete(group.key);
    this.all.splice(position(this.all, group), 1);
  }

  /** @param {string} key @returns {Group} */
  #begin(key) {
    const group = { key, id: key, rank: 0, text: natural(key), entries: [], counts: new Map() };
    this.all.splice(position(this.all, group), 0, group);
    this.named.set(key, group);
    return group;
  }

  /** @param {Group} group @param {Entry} entry @param {number} change */
  #count({ counts }, { shown }, change) {
    const status = counted(shown);
    counts.set(status, (counts.get(status) ?? 0) + change);
    this.size += change;
  }
}

/** The worst status in a group. @param {Group} group @returns {string} */
export function worst({ counts }) {
  return SEVERITY.find((status) => (counts.get(status) ?? 0) > 0) ?? "unknown";
}

/** The rows of the groups as they are now; heads only where `heads` says so, and none of the services of `shut` groups. */
export class Rows {
  /** @param {Groups} groups @param {{heads: boolean, shut: Set<string>}} how */
  constructor({ all }, { heads, shut }) {
    this.groups = all;
    this.heads = heads ? 1 : 0;
    this.shut = heads ? shut : new Set();
    /** @type {number[]} where each group's rows begin */ this.starts = [];
    this.length = 0;
    for (const group of all) {
      this.starts.push(this.length);
      this.length += this.heads + (this.shut.has(group.key) ? 0 : group.entries.length);
    }
  }

  /** The first row that is a service; 0 if all groups are shut. */
  get first() {
    const number = this.groups.findIndex(({ key }) => !this.shut.has(key));
    return number < 0 ? 0 : this.starts[number] + this.heads;
  }

  /** @param {number} at @returns {Row} */
  at(at) {
    let [low, high] = [0, this.starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.starts[middle] <= at) low = middle;
      else high = middle;
    }
    const group = this.groups[low];
    const place = at - this.starts[low] - this.heads;
    const open = !this.shut.has(group.key);
    if (place < 0) return { key: headKey(group), group, entry: null, open };
    const entry = group.entries[place];
    return { key: entry.id, group, entry, open };
  }

  /** The row of a group's head: -1 if there is none. @param {string} key of the row */
  head(key) {
    const number = this.heads ? this.groups.findIndex((one) => headKey(one) === key) : -1;
    return number < 0 ? -1 : this.starts[number];
  }

  /** The row of a service: -1 if it has none. @param {Entry|undefined} entry */
  find(entry) {
    const number = entry ? this.groups.findIndex((one) => one.key === entry.group) : -1;
    if (!entry || number < 0 || this.shut.has(entry.group)) return -1;
    const at = position(this.groups[number].entries, entry);
    return this.groups[number].entries[at] === entry ? this.starts[number] + this.heads + at : -1;
  }
}

/** The ids of services are UUIDs, so no service has such a key. @param {Group} group */
const headKey = ({ key }) => `group ${key}`;
