/**
 * Draws the state: text enters by `textContent` only, rows are kept and changed in place. Holds what
 * the person chose (filter, selection), which survives every change of the state.
 * @module
 */

import { Detail } from "./detail.js";
import { clone, mark, part, setText } from "./dom.js";
import { clock } from "./freshness.js";

const STATUSES = ["healthy", "degraded", "unhealthy", "inactive", "non_rpc", "unknown"];

export class View {
  /** @param {Document} page @param {{selected: (id: string|null) => void}} told */
  constructor(page, told) {
    this.page = page;
    this.told = told;
    this.filter = "";
    /** @type {string|null} */ this.status = null;
    /** @type {string|null} */ this.selected = null;
    /** @type {Map<string, {record: any, item: HTMLElement}>} */ this.rows = new Map();
    /** @type {Map<string, HTMLElement>} */ this.counts = new Map();
    this.order = "";
    /** @type {any[]|null} */ this.lines = null;
    this.detail = new Detail(page);
    this.#listen();
  }

  /** @param {import("./store.js").Store} store @param {import("./freshness.js").Freshness} fresh */
  render(store, fresh) {
    const shown = [...store.services.values()].map((one) => store.shown(one));
    this.#strip(store, fresh);
    this.#counts(shown);
    this.#list(shown, store.loaded);
    this.#events(store);
    const record = shown.find((one) => one.id === this.selected) ?? null;
    this.detail.render(record, this.selected, store);
    this.page.body.dataset.selected = this.selected === null ? "no" : "yes";
  }

  /** The figures of a service's last probe have come. @param {string} id @param {any} figures */
  probed(id, figures) {
    this.detail.probed(id, figures);
  }

  /** @param {import("./store.js").Store} store @param {import("./freshness.js").Freshness} fresh */
  #strip(store, fresh) {
    const strip = part(this.page, "[data-strip]");
    strip.dataset.freshness = fresh.kind;
    strip.dataset.cursor = store.place ?? "";
    setText(part(strip, "[data-freshness-label]"), fresh.label);
    setText(part(strip, "[data-freshness-detail]"), fresh.detail);
    const missed = store.missed ? ` · missed ${store.missed.dropped ?? "?"} at ${clock(store.missed.at)}` : "";
    const last = store.lastEventAt === null ? "no event yet" : `last event ${clock(store.lastEventAt)}`;
    setText(part(strip, "[data-last-event]"), last + missed);
    this.title(fresh);
  }

  /** What a tab says that is not looked at. @param {import("./freshness.js").Freshness} fresh */
  title(fresh) {
    this.page.title = fresh.kind === "live" ? "hero_router" : `(${fresh.label}) hero_router`;
  }

  /** @param {any[]} shown */
  #counts(shown) {
    const place = part(this.page, "[data-counts]");
    for (const status of STATUSES) {
      if (!this.counts.has(status)) this.counts.set(status, this.#countButton(place, status));
      const button = /** @type {HTMLElement} */ (this.counts.get(status));
      const number = shown.filter((one) => one.status === status).length;
      setText(part(button, "b"), String(number));
      button.classList.toggle("none", number === 0);
      button.setAttribute("aria-pressed", String(this.status === status));
    }
  }

  /** @param {HTMLElement} place @param {string} status */
  #countButton(place, status) {
    const button = clone(this.page, "count");
    button.dataset.count = status;
    mark(part(button, ".mark"), status);
    setText(part(button, ".word"), status);
    button.addEventListener("click", () => {
      this.status = this.status === status ? null : status;
      this.told.selected(this.selected);
    });
    place.append(button);
    return button;
  }

  /** @param {any[]} shown @param {boolean} loaded */
  #list(shown, loaded) {
    const wanted = shown.filter((one) => this.#matches(one)).sort(byPlace);
    for (const record of shown) this.#row(record);
    this.#forget(new Set(shown.map((one) => one.id)));
    const order = JSON.stringify(wanted.map((one) => [one.context, one.id]));
    if (order !== this.order) {
      this.order = order;
      this.#arrange(wanted);
    }
    const empty = part(this.page, "[data-empty]");
    empty.hidden = wanted.length > 0;
    setText(empty, loaded ? emptyText(shown.length) : "Waiting for the router…");
  }

  /** @param {any} record */
  #matches(record) {
    const words = `${record.name} ${record.title} ${record.context}`.toLowerCase();
    return words.includes(this.filter) && (this.status === null || record.status === this.status);
  }

  /** Make or change a service's row. @param {any} record */
  #row(record) {
    const known = this.rows.get(record.id);
    const item = known?.item ?? this.#newRow(record.id);
    const button = /** @type {HTMLElement} */ (item.firstElementChild);
    button.setAttribute("aria-current", String(record.id === this.selected));
    if (known && same(known.record, record)) return;
    this.rows.set(record.id, { record, item });
    button.dataset.status = record.status;
    button.title = record.reason;
    mark(part(button, ".mark"), record.status);
    setText(part(button, ".name"), record.name);
    setText(part(button, ".word"), record.status);
  }

  /** @param {string} id */
  #newRow(id) {
    const item = clone(this.page, "row");
    const button = /** @type {HTMLElement} */ (item.firstElementChild);
    button.dataset.service = id;
    button.addEventListener("click", () => this.#select(id));
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
    const groups = groupBy(wanted);
    const made = [...groups].map(([context, records]) => {
      const group = clone(this.page, "group");
      group.dataset.context = context;
      setText(part(group, "[data-name]"), context);
      setText(part(group, "[data-number]"), String(records.length));
      part(group, "ul").append(...records.map((one) => /** @type {any} */ (this.rows.get(one.id)).item));
      return group;
    });
    const focused = /** @type {HTMLElement|null} */ (this.page.activeElement);
    part(this.page, "[data-list]").replaceChildren(...made);
    if (focused?.dataset.service && focused.isConnected) focused.focus({ preventScroll: true });
  }

  /** @param {import("./store.js").Store} store */
  #events(store) {
    if (store.lines === this.lines) return;
    this.lines = store.lines;
    part(this.page, "[data-events-empty]").hidden = store.lines.length > 0;
    part(this.page, "[data-events]").replaceChildren(...store.lines.map((line) => this.#line(line)));
  }

  /** @param {import("./store.js").Line} line */
  #line(line) {
    const item = clone(this.page, "event");
    item.dataset.event = line.event;
    setText(part(item, "time"), clock(line.at));
    setText(part(item, "b"), line.event.replace("service_", "").replace("_", " "));
    setText(part(item, "bdi"), line.text);
    return item;
  }

  /** @param {string|null} id */
  #select(id) {
    this.selected = id;
    this.told.selected(id);
  }

  #listen() {
    const filter = /** @type {HTMLInputElement} */ (part(this.page, "[data-filter]"));
    filter.addEventListener("input", () => {
      this.filter = filter.value.trim().toLowerCase();
      this.told.selected(this.selected);
    });
    part(this.page, "[data-back]").addEventListener("click", () => this.#select(null));
    this.page.addEventListener("keydown", (pressed) => this.#key(pressed, filter));
  }

  /** `/` goes to the filter, arrows move in the list, Escape leaves. @param {KeyboardEvent} pressed @param {HTMLInputElement} filter */
  #key(pressed, filter) {
    const typing = pressed.target === filter;
    if (pressed.key === "/" && !typing) {
      pressed.preventDefault();
      filter.focus();
    } else if (pressed.key === "Escape" && typing) {
      filter.value = "";
      filter.dispatchEvent(new Event("input"));
    } else if (pressed.key === "ArrowDown" || pressed.key === "ArrowUp") {
      this.#move(pressed, pressed.key === "ArrowDown" ? 1 : -1, typing);
    }
  }

  /** @param {KeyboardEvent} pressed @param {number} step @param {boolean} typing */
  #move(pressed, step, typing) {
    const rows = [.../** @type {NodeListOf<HTMLElement>} */ (this.page.querySelectorAll("[data-service]"))];
    const at = rows.indexOf(/** @type {HTMLElement} */ (this.page.activeElement));
    if (at < 0 && !typing) return;
    pressed.preventDefault();
    rows[Math.max(0, Math.min(rows.length - 1, at + step))]?.focus();
  }
}

/** @param {any} a @param {any} b */
function byPlace(a, b) {
  return order(a.context, b.context) || order(a.name, b.name) || order(a.id, b.id);
}

/** @param {string} a @param {string} b */
const order = (a, b) => (a < b ? -1 : Number(a > b));

/** Whether a row shows the same for both. @param {any} a @param {any} b */
function same(a, b) {
  return a.status === b.status && a.name === b.name && a.reason === b.reason;
}

/** @param {any[]} records @returns {Map<string, any[]>} */
function groupBy(records) {
  const groups = new Map();
  for (const one of records) groups.set(one.context, [...(groups.get(one.context) ?? []), one]);
  return groups;
}

/** @param {number} all */
function emptyText(all) {
  if (all > 0) return "No service matches the filter.";
  return "No services yet. The router watches its folder of sockets; a service appears here as soon as it listens.";
}
