/**
 * The list of recent events: what is new is put on top, the rest stays as it is.
 * @module
 */

import { clone, part, setMark, setText } from "./dom.js";
import { clock } from "./times.js";

export class Recent {
  /** @param {Document} page @param {(id: string) => void} chosen */
  constructor(page, chosen) {
    this.page = page;
    this.chosen = chosen;
    /** @type {import("./store.js").Line[]} */ this.lines = [];
    this.place = part(page, "[data-events]");
  }

  /** @param {import("./store.js").Line[]} lines the newest first */
  render(lines) {
    if (lines === this.lines) return;
    const known = new Set(this.lines);
    const fresh = lines.filter((line) => !known.has(line));
    this.lines = lines;
    this.place.prepend(...fresh.map((line) => this.#item(line)));
    while (this.place.children.length > lines.length) this.place.lastElementChild?.remove();
    part(this.page, "[data-events-empty]").hidden = lines.length > 0;
  }

  /** @param {import("./store.js").Line} line */
  #item(line) {
    const item = clone(this.page, line.key ? "event" : "note");
    item.dataset.event = line.event;
    setText(part(item, "time"), clock(line.at));
    setText(part(item, ".title bdi"), line.title);
    setText(part(item, ".text"), line.text);
    if (line.status) setMark(item, line.status);
    if (line.key) part(item, ".title").addEventListener("click", () => this.chosen(line.key));
    return item;
  }
}
