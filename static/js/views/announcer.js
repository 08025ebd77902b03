/**
 * Announces changes of status to screen readers (an ARIA live region), each once. What comes within a moment is said
 * together, many as a number, so that a burst is not read out change by change.
 * @module
 */

import { word } from "../fleet/status.js";
import { part, setText } from "../ui/dom.js";

/** @typedef {import("../fleet/status.js").Shown} Shown */

const MOST = 3;
const MOMENT_MS = 2_000;

export class Announcer {
  /** @param {Document} page */
  constructor(page) {
    this.place = part(page, "[data-announced]");
    /** @type {Map<string, Shown>} what is to be said, by id */ this.waiting = new Map();
  }

  /** @param {import("../fleet/status_changes.js").Transition[]} changes */
  say(changes) {
    if (changes.length > 0 && this.waiting.size === 0) setTimeout(() => this.#speak(), MOMENT_MS);
    for (const { shown } of changes) this.waiting.set(shown.id, shown);
  }

  #speak() {
    const all = [...this.waiting.values()];
    this.waiting.clear();
    const told = all.slice(0, MOST).map((shown) => `${shown.name} is ${shown.lost ? "unknown" : word(shown)}`);
    const more = all.length > MOST ? `, and ${all.length - MOST} more` : "";
    setText(this.place, told.join(", ") + more);
  }
}
