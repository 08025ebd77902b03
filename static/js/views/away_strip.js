/**
 * The strip "While you were away": what happened while the page was hidden, asleep, or had no
 * connection. It stays until a person closes it, or until the next absence.
 * @module
 */

import { absence, matters, moment, told } from "../fleet/away.js";
import { dated } from "../fleet/times.js";
import { format, toService } from "../route.js";
import { part, setAttribute, setLength, setText } from "../ui/dom.js";

/** A shorter absence is none. */
const LEAST_MS = 30_000;
const MOST_NAMES = 5;

export class AwayStrip {
  /** @param {import("./slot.js").Outside} outside */
  constructor({ page, model }) {
    this.page = page;
    this.model = model;
    this.root = part(page, "[data-away]");
    /** @type {import("../fleet/away.js").Absence|null} the last one that was shown */ this.shown = null;
    /** @type {import("../fleet/away.js").Moment|null} when the absence began */ this.then = null;
    /** The position of the last state that could be trusted: after a gap that of the stream lies behind the gap. */ this.place = model.store.wanted ? null : model.store.place;
    part(this.root, "button").addEventListener("click", () => this.#close());
    page.addEventListener("visibilitychange", () => this.#turned());
    this.#turned();
    const { missed } = model.store;
    // Those that were missed before this was loaded.
    if (missed !== null) this.then ??= moment(missed.at, null, servicesOf(model));
  }

  draw() {
    const { model, page } = this;
    const { store } = model;
    if (!model.loaded) return;
    if (this.shown) this.#date(this.shown);
    if (model.past) return this.#leave(model.now);
    if (store.wanted || store.behind) return;
    this.place = store.place;
    if (page.hidden || this.then === null) return;
    const then = this.then;
    this.then = null;
    const found = absence(then, servicesOf(model), { at: model.now, place: store.place, missed: store.missed });
    if (matters(found) && (found.to - found.from >= LEAST_MS || found.missed !== 0)) this.#show(found);
  }

  #turned() {
    if (this.page.hidden) this.#leave(this.model.now);
  }

  /** The button goes with the strip, so the focus goes to the search beside it. */
  #close() {
    this.root.hidden = true;
    part(this.page, "[data-open-palette]").focus();
  }

  /** @param {number} at by the router's clock */
  #leave(at) {
    const { model } = this;
    if (this.then !== null || !model.loaded) return;
    this.then = moment(at, this.place, servicesOf(model));
  }

  /** It may stay for days. @param {import("../fleet/away.js").Absence} found */
  #date({ from, to }) {
    const { at } = this.model.fresh;
    setText(part(this.root, "[data-when]"), `${dated(from, at)}–${dated(to, at)}`);
  }

  /** @param {import("../fleet/away.js").Absence} found */
  #show(found) {
    this.root.hidden = false;
    this.shown = found;
    this.#date(found);
    setText(part(this.root, "[data-told]"), told(found));
    const named = [...found.worse, ...found.came].slice(0, MOST_NAMES);
    const items = setLength(part(this.root, "ul"), named.length, "away");
    for (const [at, shown] of named.entries()) {
      setText(part(items[at], "bdi"), shown.name);
      setAttribute(part(items[at], "a"), "href", format(toService(shown, this.model.place)));
    }
  }
}

/** All services as they are shown now. @param {import("../fleet/page_model.js").Model} model */
const servicesOf = (model) => [...model.index.entries.values()].map((entry) => entry.shown);
