/**
 * Draws a list of events: new lines are inserted in order, the others stay unchanged. Each service's name
 * is a link to it.
 * @module
 */

import { format, toService } from "../route.js";
import { words } from "../fleet/event_text.js";
import { said } from "../fleet/status.js";
import { dated, utc } from "../fleet/times.js";
import { clone, part, setAttribute, setMark, setText } from "../ui/dom.js";

/** @typedef {import("../live/timeline.js").Line} Line */

export class EventList {
  /** @param {HTMLElement} root @param {import("../fleet/page_model.js").Model} model */
  constructor(root, model) {
    this.root = root;
    this.model = model;
    /** @type {Map<Line, HTMLElement>} */ this.items = new Map();
    this.place = part(root, "[data-events]");
  }

  /** @param {Line[]} lines the newest first @param {number} [most] new lines at once @returns {boolean} whether all lines are drawn now */
  draw(lines, most = Infinity) {
    const late = new Set(lines.filter((line) => !this.items.has(line)).slice(most));
    const drawn = lines.filter((line) => !late.has(line));
    const items = new Map(drawn.map((line) => [line, this.items.get(line) ?? this.#item(line)]));
    for (const [line, item] of this.items) if (!items.has(line)) item.remove();
    this.items = items;
    let next = this.place.firstElementChild;
    for (const [line, item] of items) {
      if (item === next) next = next.nextElementSibling;
      else this.place.insertBefore(item, next);
      this.#renew(line, item);
    }
    part(this.root, "[data-events-empty]").hidden = lines.length > 0;
    return late.size === 0;
  }

  /** The link keeps the filter of the address that is shown now; the time of another day than today has its day. @param {Line} line @param {HTMLElement} item */
  #renew(line, item) {
    setText(part(item, "time"), line.at === null ? "" : dated(line.at, this.model.fresh.at));
    const { service } = words(line);
    if (service) setAttribute(part(item, "a"), "href", format(toService(service, this.model.place)));
  }

  /** @param {Line} line */
  #item(line) {
    const { title, text, status, service } = words(line);
    const item = clone(this.root.ownerDocument, service ? "event" : "note");
    item.dataset.event = line.event;
    part(item, "time").title = line.at === null ? "" : utc(line.at);
    setText(part(item, ".title bdi"), title);
    setText(part(item, ".text"), text);
    if (status) setMark(item, status);
    if (status) item.title = said(status);
    return item;
  }
}
