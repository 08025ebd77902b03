/**
 * A pause of the timeline: the lines that stay in sight, and the events that have arrived since.
 * @module
 */

import { compare } from "../live/position.js";
import { events } from "./event_text.js";

/** @typedef {import("../live/timeline.js").Lines} Lines */
/** @typedef {import("../live/timeline.js").Line} Line */

/** Lines that are no events. */
const OF_THE_STREAM = ["away", "resync"];

export class TimelinePause {
  /** @param {Lines} lines @param {number} at by the router's clock */
  constructor({ all, era, last, added, missing, unknownGaps }, at) {
    this.shown = all;
    this.at = at;
    this.began = { era, last, added, missing, unknownGaps };
  }

  /** How many events have come, and are shown only later. @param {Lines} lines */
  waiting({ added }) {
    return added - this.began.added;
  }

  /** The events that came since, and are still listed. @param {Lines} lines @returns {Line[]} */
  news({ all }) {
    const { era, last } = this.began;
    return all.filter((line) => !OF_THE_STREAM.includes(line.event) && (line.era > era || last === null || compare(line.id, last) > 0));
  }

  /** How many of the events that have come are not listed any more, as newer ones took their places. @param {Lines} lines */
  trimmed(lines) {
    return this.waiting(lines) - this.news(lines).length;
  }

  /** The events that the page was never sent, in words; "" if there are none. @param {Lines} lines */
  missed({ missing, unknownGaps }) {
    const number = unknownGaps > this.began.unknownGaps ? null : missing - this.began.missing;
    return number === 0 ? "" : `${events(number)} ${number === 1 ? "was" : "were"} missed`;
  }
}
