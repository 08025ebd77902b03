/**
 * Collects what has changed in the state since it was last drawn: so that drawing costs as much as the change, not
 * as much as the whole state.
 * @module
 */

/**
 * @typedef {{ids: Set<string>, all: boolean, conditions: boolean, lines: boolean}} Delta `ids` of the
 *   services that were added, changed or removed; `all`: the whole state was replaced, and `ids` says
 *   nothing; whether a condition began or ended; whether there are new lines of events
 */

export class Changes {
  constructor() {
    /** @type {Set<string>} */ this.ids = new Set();
    this.all = false;
    this.conditions = false;
    /** @type {readonly unknown[]} */ this.lines = [];
  }

  /** All that was noted, and begin anew. @param {readonly unknown[]} lines another array after each change @returns {Delta} */
  take(lines) {
    const { ids, all, conditions } = this;
    const delta = { ids, all, conditions, lines: lines !== this.lines };
    this.ids = new Set();
    this.all = this.conditions = false;
    this.lines = lines;
    return delta;
  }
}
