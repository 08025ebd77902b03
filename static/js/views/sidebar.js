/**
 * The list of services, grouped by context, with its filter and the number of each status.
 * @module
 */

import { counted, word } from "../fleet/viewmodel.js";
import { clone, part, setMark, setText, STATUSES } from "../ui/dom.js";

const ORDER = new Intl.Collator("en", { numeric: true });

export class Sidebar {
  /** @param {Document} page @param {{chosen: (id: string) => void, changed: () => void}} told */
  constructor(page, told) {
    this.page = page;
    this.told = told;
    /** @type {string|null} */ this.status = null;
    /** @type {Map<string, {record: any, item: HTMLElement}>} */ this.rows = new Map();
    this.order = "";
    this.filter = /** @type {HTMLInputElement} */ (part(page, "[data-filter]"));
    this.filter.addEventListener("input", told.changed);
    this.list = part(page, "[data-list]");
    this.list.addEventListener("focusin", () => this.#reach());
    this.counts = new Map(STATUSES.map((status) => [status, this.#countButton(status)]));
  }

  /** @param {any[]} shown @param {string|null} selected @param {boolean} loaded */
  render(shown, selected, loaded) {
    this.#counts(shown, loaded);
    const wanted = shown.filter((one) => this.#matches(one)).sort(byPlace);
    for (const record of shown) this.#row(record, selected);
    this.#forget(new Set(shown.map((one) => one.id)));
    const order = JSON.stringify(wanted.map((one) => [one.context, one.id]));
    if (order !== this.order) {
      this.order = order;
      this.#arrange(wanted);
    }
    this.#reach();
    const empty = part(this.page, "[data-empty]");
    empty.hidden = wanted.length > 0;
    if (wanted.length === 0) setText(empty, emptyText(loaded, shown.length));
  }

  /** The row of a service, if it is listed. @param {string|null} id @returns {HTMLElement|null} */
  row(id) {
    return /** @type {HTMLElement|null} */ (this.rows.get(id ?? "")?.item.firstElementChild ?? null);
  }

  /** `/` goes to the filter, arrows move in the list, Escape empties the filter. @param {KeyboardEvent} pressed @returns {boolean} whether the key was meant for this */
  key(pressed) {
    const typing = pressed.target === this.filter;
    if (pressed.key === "/" && !typing) {
      this.filter.select();
      this.filter.focus();
      return true;
    }
    if (pressed.key === "Escape" && typing && this.filter.value !== "") {
      this.filter.value = "";
      this.told.changed();
      return true;
    }
    return this.#move(pressed, typing);
  }

  /** @param {KeyboardEvent} pressed @param {boolean} typing */
  #move({ key }, typing) {
    const rows = this.#listed();
    const at = rows.indexOf(/** @type {HTMLElement} */ (this.page.activeElement));
    if (at < 0 && !(typing && key === "ArrowDown")) return false;
    const places = /** @type {Record<string, number>} */ ({ ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 });
    if (!(key in places)) return false;
    const place = Math.min(places[key], rows.length - 1);
    (place < 0 ? this.filter : rows[place]).focus();
    return true;
  }

  /** @returns {HTMLElement[]} */
  #listed() {
    return [.../** @type {NodeListOf<HTMLElement>} */ (this.list.querySelectorAll("[data-service]"))];
  }

  /** The list is one stop of the tab key: the focused row, else the selected one, else the first. */
  #reach() {
    const rows = this.#listed();
    const reached =
      rows.find((row) => row === this.page.activeElement) ??
      rows.find((row) => row.getAttribute("aria-current") === "true") ??
      rows[0];
    for (const row of rows) row.tabIndex = row === reached ? 0 : -1;
  }

  /** @param {any[]} shown @param {boolean} loaded */
  #counts(shown, loaded) {
    for (const [status, button] of this.counts) {
      const number = shown.filter((one) => counted(one) === status).length;
      setText(part(button, "b"), loaded ? String(number) : "–");
      button.classList.toggle("none", number === 0);
      button.setAttribute("aria-pressed", String(this.status === status));
    }
  }

  /** @param {string} status */
  #countButton(status) {
    const button = clone(this.page, "count");
    button.dataset.count = status;
    setMark(button, status);
    setText(part(button, ".word"), status);
    button.addEventListener("click", () => {
      this.status = this.status === status ? null : status;
      this.told.changed();
    });
    part(this.page, "[data-counts]").append(button);
    return button;
  }

  /** @param {any} record */
  #matches(record) {
    const words = `${record.name} ${record.title} ${record.context}`.toLowerCase();
    const filter = this.filter.value.trim().toLowerCase();
    return words.includes(filter) && (this.status === null || counted(record) === this.status);
  }

  /** Make or change a service's row. @param {any} record @param {string|null} selected */
  #row(record, selected) {
    const known = this.rows.get(record.id);
    const item = known?.item ?? this.#newRow(record.id);
    const button = /** @type {HTMLElement} */ (item.firstElementChild);
    button.setAttribute("aria-current", String(record.id === selected));
    if (known && same(known.record, record)) return;
    this.rows.set(record.id, { record, item });
    button.dataset.status = record.status;
    button.toggleAttribute("data-lost", Boolean(record.lost));
    button.title = record.reason ? `${record.name}: ${record.reason}` : record.name;
    setMark(button, record.status, Boolean(record.lost));
    setText(part(button, ".name"), record.name);
    setText(part(button, ".word"), record.lost ? `? ${word(record)}` : record.status);
  }

  /** @param {string} id */
  #newRow(id) {
    const item = clone(this.page, "row");
    const button = /** @type {HTMLElement} */ (item.firstElementChild);
    button.dataset.service = id;
    button.addEventListener("click", () => this.told.chosen(id));
    return item;
  }

  /** @param {Set<string>} present */
  #forget(present) {
    for (const [id, { item }] of this.rows) {
      if (!present.has(id)) {
        item.remove();
        this.rows.delete(id);
      }
    }
  }

  /** Put the rows in order, grouped by context. @param {any[]} wanted */
  #arrange(wanted) {
    const focused = /** @type {HTMLElement|null} */ (this.page.activeElement);
    const made = [...groupBy(wanted)].map(([context, records]) => {
      const group = clone(this.page, "group");
      group.dataset.context = context;
      setText(part(group, "[data-name]"), context);
      setText(part(group, "[data-number]"), String(records.length));
      part(group, "ul").append(...records.map((one) => /** @type {any} */ (this.rows.get(one.id)).item));
      return group;
    });
    this.list.replaceChildren(...made);
    if (focused?.dataset.service && focused.isConnected) focused.focus({ preventScroll: true });
  }
}

/** @param {any} a @param {any} b */
function byPlace(a, b) {
  return ORDER.compare(a.context, b.context) || ORDER.compare(a.name, b.name) || (a.id < b.id ? -1 : 1);
}

/** Whether a row shows the same for both. @param {any} a @param {any} b */
function same(a, b) {
  return a.status === b.status && a.name === b.name && a.reason === b.reason && a.lost === b.lost;
}

/** @param {any[]} records @returns {Map<string, any[]>} */
function groupBy(records) {
  const groups = new Map();
  for (const one of records) groups.set(one.context, [...(groups.get(one.context) ?? []), one]);
  return groups;
}

/** @param {boolean} loaded @param {number} all */
function emptyText(loaded, all) {
  if (!loaded) return "Waiting for the router…";
  return all > 0 ? "No service matches the filter." : "No services yet.";
}
