/**
 * Why services are not healthy: one cause for each reason and node, however many services have it.
 * @module
 */

import { severity } from "./status.js";

/** @typedef {import("./service_collection.js").Entry} Entry */
/** `since` is when the first of the services changed to its status. @typedef {{key: string, status: string, reason: string, node: string, entries: Set<Entry>, since: number|null}} Cause */

export class Causes {
  constructor() {
    /** @type {Map<string, Cause>} */ this.all = new Map();
  }

  /** @param {Entry} entry */
  add(entry) {
    const { status, reason, node } = entry.shown;
    const key = causeOf(entry);
    const cause = this.all.get(key) ?? { key, status, reason, node, entries: new Set(), since: null };
    cause.entries.add(entry);
    cause.since = null;
    this.all.set(key, cause);
  }

  /** @param {Entry} entry as it was when it was added, if it was */
  delete(entry) {
    const key = causeOf(entry);
    const cause = this.all.get(key);
    if (!cause) return;
    cause.entries.delete(entry);
    cause.since = null;
    if (cause.entries.size === 0) this.all.delete(key);
  }

  /** The causes in order: the worst status first, then what most services have, then the newest. @returns {Cause[]} */
  list() {
    for (const cause of this.all.values()) cause.since ??= earliest(cause.entries);
    return [...this.all.values()].sort(order);
  }
}

/** @param {Entry} entry */
const causeOf = ({ shown: { status, reason, node } }) => JSON.stringify([status, reason, node]);

/** @param {Iterable<Entry>} entries */
function earliest(entries) {
  let least = Infinity;
  for (const { shown } of entries) least = Math.min(least, shown.changed_at);
  return least;
}

/** @param {Cause} a @param {Cause} b */
function order(a, b) {
  const worse = severity(a.status) - severity(b.status);
  return worse || b.entries.size - a.entries.size || Number(b.since) - Number(a.since) || (a.key < b.key ? -1 : 1);
}
