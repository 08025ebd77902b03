/**
 * A pause of the timeline: the lines that stay in sight, and the events that have arrived since.
 * @module
 */

import { compare } from "../live/position.js";
import { events } from "./event_text.js";

/** @typedef {import("../live/timeline.js").Lines} Lines */
/** @typedef {import("../live/timeline.js").Line} Line */

export class TimelinePause {
  /** @param {Lines} lines @param {number} at by the router's clock */
  constructor({ all, era, last, added, missing }, at) {
    this.shown = all;
    this.at = at;
    this.began = { era, last, added, missing };
  }

  /** How many events have come, and are shown only later. @param {Lines} lines */
  waiting({ added }) {
    return added - this.began.added;
  }

  /** The lines that came since, and are still listed. @param {Lines} lines @returns {Line[]} */
  news({ all }) {
    const { era, last } = this.began;
    return all.filter((line) => line.event !== "away" && (line.era > era || last === null || compare(line.id, last) > 0));
  }

  /** How many of the events that have come are not listed any more, as newer ones took their places. @param {Lines} lines */
  trimmed(lines) {
    return this.waiting(lines) - this.news(lines).filter(({ event }) => event !== "resync").length;
  }

  /** The events that the page was never sent, in words; "" if there are none. @param {Lines} lines */
  missed({ missing }) {
    const number = missing - this.began.missing;
    if (number === 0) return "";
    return `${events(Number.isFinite(number) ? number : null)} ${number === 1 ? "was" : "were"} missed`;
  }
}
