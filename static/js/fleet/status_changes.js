/**
 * Finds the changes of status since the page was last visible, each once. The state that a page begins with is
 * no change.
 * @module
 */

import { counted, severity } from "./status.js";

/** `was` is the status before. @typedef {{shown: import("./status.js").Shown, was: string}} Transition */

export class StatusChanges {
  constructor() {
    /** @type {Map<string, string>} the status of each service, as last seen */ this.statuses = new Map();
  }

  /** @param {import("./service_collection.js").ServiceCollection} index @param {import("../live/pending_changes.js").Delta} delta what may have changed @returns {Transition[]} */
  take({ entries }, { ids, all }) {
    const found = [];
    for (const id of all ? new Set([...entries.keys(), ...this.statuses.keys()]) : ids) {
      const shown = entries.get(id)?.shown;
      const was = this.statuses.get(id);
      if (!shown) this.statuses.delete(id);
      else this.statuses.set(id, counted(shown));
      if (shown && was !== undefined && was !== counted(shown)) found.push({ shown, was });
    }
    return found;
  }
}

/** Whether a service got worse: what nobody knows is not worse. @param {Transition} transition */
export function isWorse({ shown, was }) {
  const now = counted(shown);
  return now !== "unknown" && severity(now) < severity(was);
}
