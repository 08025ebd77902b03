/**
 * The list of recent events, the newest first: each event once, with its own time. Lines between them say
 * where events were missed, and which events arrived late because the page had been away.
 * @module
 */

import { compare } from "./position.js";

/**
 * `id` is the position of a line; `at` is a time by the router's clock. `era` grows when positions begin
 * again, so that older positions cannot be compared with newer ones.
 * @typedef {{era: number, id: string, at: number|null, event: string, data: any}} Line
 */
/** @typedef {{from: number, to: number}} Absence by the router's clock */

/** By default. */
export const MOST_LINES = 500;

export class Lines {
  /** @param {number} [most] lines that are kept */
  constructor(most = MOST_LINES) {
    this.most = most;
    /** @type {Line[]} the newest first; another array after each change */ this.all = [];
    this.era = 0;
    /** How many events of the stream were listed, ever. */ this.added = 0;
    /** How many events were missed, ever, where that is known. */ this.missing = 0;
    /** How often nobody knew how many. */ this.unknownGaps = 0;
    /** @type {string|null} the events from here … */ this.first = null;
    /** @type {string|null} … to here are listed */ this.last = null;
    /** @type {number|null} when the newest event happened */ this.newestAt = null;
    /** @type {Absence|null} */ this.absence = null;
    /** @type {Line|null} the line above the events that arrived late */ this.rule = null;
  }

  /** Add an event of the stream. @param {string} id @param {string} event @param {any} data @param {number} at */
  add(id, event, data, at) {
    if (this.last !== null && compare(id, this.last) <= 0) return;
    this.first ??= id;
    this.last = id;
    if (this.#event({ era: this.era, id, at, event, data })) this.added += 1;
    if (this.absence) this.#again(id, at, this.absence);
  }

  /** Add older events, from before the stream began. @param {import("./store.js").Frame[]} frames oldest first */
  fill(frames) {
    const before = this.first;
    const news = frames.filter(({ id }) => before === null || compare(id, before) < 0);
    for (const { id, event, data } of news) this.#event({ era: this.era, id, at: data.at ?? null, event, data });
    this.first = news[0]?.id ?? before;
    this.last ??= news.at(-1)?.id ?? null;
  }

  /** Add a line: the events after the last line and up to `id` were missed. @param {string} id @param {{dropped: number|null, reason: string}} data @param {number} at */
  missed(id, data, at) {
    this.missing += data.dropped ?? 0;
    this.unknownGaps += Number(data.dropped === null);
    this.#insert({ era: this.era, id, at, event: "resync", data });
  }

  /** Positions begin again: the listed lines stay, below all later ones. */
  forget() {
    this.era += 1;
    this.first = this.last = null;
  }

  /** The page was away: events from before the end of the absence arrive late, and are marked. @param {Absence} absence */
  away(absence) {
    this.absence = absence;
    this.rule = null;
  }

  /** @param {Line} line @returns {boolean} whether it is listed */
  #event(line) {
    if (line.at !== null) this.newestAt = Math.max(line.at, this.newestAt ?? line.at);
    // The changes that a scan found have events of their own.
    const isListed = line.event !== "scan" || line.data.requests?.length > 0;
    if (isListed) this.#insert(line);
    return isListed;
  }

  /** An event of the absence, or the first one after it. @param {string} id @param {number} at @param {Absence} absence */
  #again(id, at, { from, to }) {
    if (at >= to) {
      this.absence = null;
      return;
    }
    const count = (this.rule?.data.count ?? 0) + 1;
    this.all = this.all.filter((line) => line !== this.rule);
    this.rule = { era: this.era, id, at: to, event: "away", data: { from, to, count } };
    this.#insert(this.rule);
  }

  /** @param {Line} line */
  #insert(line) {
    const place = this.all.findIndex((one) => one.era < line.era || !(compare(one.id, line.id) > 0));
    const at = place < 0 ? this.all.length : place;
    this.all = [...this.all.slice(0, at), line, ...this.all.slice(at)].slice(0, this.most);
  }
}
