/**
 * Fills the rows of the list of services: a service, or the head of a group.
 * @module
 */

import { paths } from "../fleet/history_bars.js";
import { hourText } from "../fleet/hour.js";
import { worst } from "../fleet/groups.js";
import { latency } from "../fleet/order.js";
import { said, word } from "../fleet/status.js";
import { format, toService } from "../route.js";
import { setSince } from "../ui/age.js";
import { drawBars } from "../ui/bars.js";
import { clone, part, setAttribute, setMark, setText } from "../ui/dom.js";

/** @typedef {import("../fleet/groups.js").Row} Row */
/** @typedef {import("../fleet/groups.js").Group} Group */

/** More changes at once than these are not marked one by one. */
const MOST_WASHED = 20;

export class RowPainter {
  /** @param {Document} page @param {import("../fleet/page_model.js").Model} model @param {(group: string) => void} toggle */
  constructor(page, model, toggle) {
    this.page = page;
    this.model = model;
    this.toggle = toggle;
    /** @type {WeakMap<Element, string>} what each element was last given */ this.filled = new WeakMap();
    /** @type {WeakMap<Element, unknown>} */ this.shown = new WeakMap();
    /** @type {Set<string>} services that have just changed */ this.washed = new Set();
    /** @type {WeakMap<Element, string>} the bars that each element shows */ this.barred = new WeakMap();
    this.query = "";
  }

  /** @param {string} kind @returns {HTMLElement} */
  make(kind) {
    const item = clone(this.page, kind);
    if (kind === "group") part(item, "button").addEventListener("click", () => this.toggle(item.dataset.context ?? ""));
    return item;
  }

  /** Before all rows are drawn. @param {import("../fleet/changes_to_draw.js").Delta} delta */
  begin(delta) {
    const few = !delta.all && delta.ids.size <= MOST_WASHED;
    this.washed = few ? delta.ids : new Set();
    this.query = JSON.stringify(this.model.place.query);
  }

  /** @param {HTMLElement} item @param {Row} row @param {boolean} reached by the tab key */
  fill(item, row, reached) {
    const control = /** @type {HTMLElement} */ (item.firstElementChild);
    control.tabIndex = reached ? 0 : -1;
    if (row.entry) this.#service(item, control, row.entry.shown);
    else this.#group(item, control, row);
  }

  /** @param {HTMLElement} item @param {HTMLElement} link @param {import("../fleet/status.js").Shown} record */
  #service(item, link, record) {
    const chosen = String(record.id === this.model.chosen?.id);
    setAttribute(link, "aria-current", chosen);
    this.#hour(item, this.model.hour.bars.get(record.id) ?? "");
    const same = this.shown.get(item) === record;
    if (same && this.filled.get(item) === this.query) return;
    const changed = !same && this.filled.has(item) && link.dataset.service === record.id && this.washed.has(record.id);
    item.classList.toggle("washed", false);
    if (changed) requestAnimationFrame(() => item.classList.toggle("washed", true));
    this.shown.set(item, record);
    this.filled.set(item, this.query);
    link.dataset.service = record.id;
    setAttribute(link, "href", format(toService(record, this.model.place)));
    link.dataset.status = record.status;
    link.toggleAttribute("data-lost", Boolean(record.lost));
    link.title = [`${record.name}: ${said(record.status)} (${record.status})`, record.reason].filter(Boolean).join(", ");
    setMark(link, record.status, Boolean(record.lost));
    setText(part(link, ".name"), record.name);
    setText(part(link, ".word"), record.lost ? `? ${word(record)}` : said(record.status));
    link.toggleAttribute("data-muted", Boolean(record.muted));
    this.#figure(link, record);
  }

  /** @param {HTMLElement} item @param {string} bars of the last hour; "" if they are not known */
  #hour(item, bars) {
    if (this.barred.get(item) === bars) return;
    this.barred.set(item, bars);
    drawBars(part(item, ".bars"), bars.length, paths(bars), hourText(bars));
  }

  /** How long it has not been healthy, or how quick it is. @param {HTMLElement} link @param {import("../fleet/status.js").Shown} record */
  #figure(link, record) {
    const [age, ms] = [part(link, "time"), part(link, ".latency")];
    const well = record.status === "healthy";
    age.hidden = well;
    ms.hidden = !well;
    if (!well) setSince(age, record.changed_at, Boolean(record.lost));
    const told = well ? latency(record) : null;
    setText(ms, told === null ? "" : `${told} ms`);
  }

  /** @param {HTMLElement} item @param {HTMLElement} button @param {Row} row */
  #group(item, button, { group, open }) {
    item.dataset.context = group.key;
    button.title = group.key;
    setAttribute(button, "aria-expanded", String(open));
    setMark(button, worst(group));
    setText(part(button, "[data-name]"), group.key);
    const { length } = group.entries;
    const well = group.counts.get("healthy") ?? 0;
    setText(part(button, "[data-number]"), well === length ? String(length) : `${length - well} of ${length}`);
  }
}
