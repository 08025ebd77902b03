/**
 * Draws the list of recent events: new lines are inserted in order, the others stay unchanged.
 * @module
 */

import { clock } from "../fleet/times.js";
import { words } from "../fleet/event_text.js";
import { clone, part, setMark, setText } from "../ui/dom.js";

/** @typedef {import("../live/timeline.js").Line} Line */

export class Recent {
  /** @param {Document} page @param {(id: string) => void} chosen */
  constructor(page, chosen) {
    this.page = page;
    this.chosen = chosen;
    /** @type {Line[]} */ this.lines = [];
    /** @type {Map<Line, HTMLElement>} */ this.items = new Map();
    this.place = part(page, "[data-events]");
  }

  /** @param {Line[]} lines the newest first */
  render(lines) {
    if (lines === this.lines) return;
    this.lines = lines;
    const items = new Map(lines.map((line) => [line, this.items.get(line) ?? this.#item(line)]));
    for (const [line, item] of this.items) if (!items.has(line)) item.remove();
    this.items = items;
    let next = this.place.firstElementChild;
    for (const item of items.values()) {
      if (item === next) next = next.nextElementSibling;
      else this.place.insertBefore(item, next);
    }
    part(this.page, "[data-events-empty]").hidden = lines.length > 0;
  }

  /** @param {Line} line */
  #item(line) {
    const { title, text, status, key } = words(line);
    const item = clone(this.page, key ? "event" : "note");
    item.dataset.event = line.event;
    setText(part(item, "time"), line.at === null ? "" : clock(line.at));
    setText(part(item, ".title bdi"), title);
    setText(part(item, ".text"), text);
    if (status) setMark(item, status);
    if (key) part(item, ".title").addEventListener("click", () => this.chosen(key));
    return item;
  }
}
