/**
 * The list of services with its filter, sort and groups. Everything that is chosen here is in the address.
 * @module
 */

import { GROUPINGS } from "../fleet/service_collection.js";
import { services } from "../fleet/headline.js";
import { SORTS } from "../fleet/order.js";
import { joined, split, withQuery } from "../route.js";
import { isField, part, setText } from "../ui/dom.js";
import { SelectWithDefault } from "../ui/select_with_default.js";
import { List } from "../ui/virtual_list.js";
import { RowPainter } from "./row_painter.js";

/** @typedef {import("../fleet/page_model.js").Model} Model */

export class ServiceList {
  /** @param {import("./slot.js").Outside} outside @param {{prefs: import("../prefs.js").Prefs, moved: () => void}} more */
  constructor({ page, model, address }, { prefs, moved }) {
    this.page = page;
    this.model = model;
    this.address = address;
    this.prefs = prefs;
    this.filter = /** @type {HTMLInputElement} */ (part(page, "[data-filter]"));
    this.filter.addEventListener("input", () => address.type(withQuery(model.place, { q: this.filter.value })));
    this.painter = new RowPainter(page, model, (group) => this.#toggle(group));
    this.list = new List(part(page, "[data-list]"), {
      sample: "row",
      make: (kind) => this.painter.make(kind),
      fill: (item, at) => this.painter.fill(item, model.rows.at(at), at === this.reached),
      moved,
    });
    this.reached = 0;
    this.list.root.addEventListener("focusin", moved);
    this.sort = new SelectWithDefault(part(page, "[data-sort]"), SORTS, (sort) => this.#set({ sort }));
    this.group = new SelectWithDefault(part(page, "[data-group]"), GROUPINGS, (group) => this.#set({ group }));
  }

  /** Look what is in sight, before anything is changed: later it would need a layout. */
  measure() {
    this.list.measure();
  }

  /** @param {import("../fleet/changes_to_draw.js").Delta} delta */
  draw(delta) {
    const { model } = this;
    const { place, rows, index, loaded } = model;
    if (this.filter.value.trim() !== model.filter.trim() || this.page.activeElement !== this.filter) this.filter.value = model.filter;
    this.sort.show(place.query.sort);
    this.group.show(place.query.group);
    this.painter.begin(delta);
    this.reached = this.#reach();
    const focused = this.list.root.contains(this.page.activeElement);
    this.list.draw({
      length: rows.length,
      reached: Math.min(this.reached, rows.length - 1),
      key: (at) => rows.at(at).key,
      kind: (at) => (rows.at(at).entry ? "row" : "group"),
      find: (key) => this.#find(key),
    });
    if (focused && rows.length === 0) this.filter.focus();
    const { size } = index.groups;
    part(this.page, "[data-empty]").hidden = size > 0;
    setText(part(this.page, "[data-empty]"), size > 0 ? "" : emptyText(loaded, index.entries.size));
    setText(part(this.page, "[data-matched]"), model.filter.trim() && size ? `${size} of ${services(index.entries.size)}` : "");
  }

  /** `/` goes to the filter, arrows move in the list, left and right shut and open a group, Escape empties the filter. @param {KeyboardEvent} pressed @returns {boolean} whether the key was meant for this */
  key(pressed) {
    const typing = pressed.target === this.filter;
    if (pressed.key === "/" && !isField(pressed.target)) {
      this.filter.select();
      this.filter.focus();
      return true;
    }
    if (pressed.key === "Escape" && typing && this.filter.value !== "") {
      this.filter.value = "";
      this.address.replace(withQuery(this.model.place, { q: "" }));
      return true;
    }
    return this.#move(pressed, typing);
  }

  /** Give the row of the chosen service the focus. @param {string|null} id */
  focus(id) {
    this.list.focus(this.#find(id ?? ""));
  }

  /** @param {KeyboardEvent} pressed @param {boolean} typing */
  #move({ key, target }, typing) {
    const at = this.list.focusedAt;
    const letter = !isField(target) && (key === "j" || key === "k");
    if (at < 0) return (letter || (typing && key === "ArrowDown")) && this.#enter(typing);
    const row = this.model.rows.at(at);
    if (!row.entry && key === (row.open ? "ArrowLeft" : "ArrowRight")) {
      this.#toggle(row.group.key);
      return true;
    }
    const last = this.model.rows.length - 1;
    const letters = letter && { j: at + 1, k: Math.max(0, at - 1) };
    const places = /** @type {Record<string, number>} */ ({ ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: last, ...letters });
    if (!Object.hasOwn(places, key)) return false;
    if (places[key] < 0) this.filter.focus();
    else this.list.focus(Math.min(places[key], last));
    return true;
  }

  /** Go to the chosen service, else to the first: from the filter one wants what it has found. @param {boolean} typing @returns {true} */
  #enter(typing) {
    const chosen = typing ? -1 : this.#find(this.model.chosen?.id ?? "");
    this.list.focus(chosen < 0 ? this.model.rows.first : chosen);
    return true;
  }

  /** The list is one stop of the tab key: the focused row, else the chosen one, else the first. */
  #reach() {
    const { focusedAt } = this.list;
    return focusedAt >= 0 ? focusedAt : Math.max(0, this.#find(this.model.chosen?.id ?? ""));
  }

  /** @param {string} key of a row */
  #find(key) {
    const { rows, index } = this.model;
    return key.startsWith("group ") ? rows.head(key) : rows.find(index.entries.get(key));
  }

  /** Open a shut group, or shut it. @param {string} group */
  #toggle(group) {
    const shut = split(this.model.place.query.shut);
    const changed = shut.includes(group) ? shut.filter((one) => one !== group) : [...shut, group];
    this.#set({ shut: joined(changed) });
  }

  /** @param {Record<string, string>} changes of the query, which are the person's preference too */
  #set(changes) {
    this.prefs.set(changes);
    this.address.replace(withQuery(this.model.place, changes));
  }
}

/** @param {boolean} loaded @param {number} all */
function emptyText(loaded, all) {
  if (!loaded) return "Waiting for the router…";
  return all > 0 ? "No service matches the filter." : "No services yet.";
}
