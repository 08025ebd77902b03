/**
 * One service: its name and status, and the tabs, of which one is shown.
 * @module
 */

import { format, toService, toView, withQuery } from "../../route.js";
import { dated, when } from "../../fleet/times.js";
import { filtered } from "../../fleet/filtered_events.js";
import { exactly } from "../../fleet/query.js";
import { said, word } from "../../fleet/status.js";
import { setSince } from "../../ui/age.js";
import { clone, part, setAttribute, setMark, setText } from "../../ui/dom.js";
import { EventList } from "../event_list.js";
import { Slot } from "../slot.js";
import { TABS } from "./tab_table.js";

/** @typedef {import("../slot.js").Delta} Delta */

/** The latest events of all services, which a wide screen shows beside the service. */
const MOST_BESIDE = 40;

/** @typedef {import("../slot.js").View} View */

/** @implements {View} */
export class ServiceView {
  /** @param {import("../slot.js").Outside} outside */
  constructor(outside) {
    this.outside = outside;
    this.needs = /** @type {const} */ (["list", "service"]);
  }

  /** @param {import("../slot.js").Place} place @param {import("../slot.js").Model} model */
  title(place, model) {
    return model.chosen?.name ?? place.key?.name ?? "";
  }

  /** @param {HTMLElement} root */
  mount(root) {
    this.root = root;
    const { page, model } = this.outside;
    root.append(...["back", "gone", "service", "events"].map((name) => clone(page, name)));
    const beside = part(root, ".events");
    beside.classList.add("beside");
    beside.setAttribute("aria-label", "Recent events of all services");
    this.beside = new EventList(beside, model);
    this.body = part(root, "[data-detail-body]");
    this.slot = new Slot(part(root, "[data-tab]"), this.outside, TABS);
    for (const [tab, entry] of Object.entries(TABS)) this.#tab(tab, entry);
  }

  /** @param {Delta} delta */
  draw(delta) {
    const { root, body, slot, beside } = this.#mounted();
    const { model } = this.outside;
    const { chosen, place } = model;
    setAttribute(part(root, "[data-back]"), "href", format(toView("fleet", place)));
    this.#gone();
    if (delta.lines || delta.place) beside.draw(filtered(model).slice(0, MOST_BESIDE));
    body.hidden = chosen === null;
    if (chosen === null) return;
    const another = root.dataset.shown !== chosen.id;
    if (another) root.scrollTop = 0;
    root.dataset.shown = chosen.id;
    this.#head(chosen);
    for (const link of body.querySelectorAll("[data-to-tab]")) this.#link(/** @type {HTMLElement} */ (link), chosen);
    slot.draw(place.tab, another ? { ...delta, all: true, place: true } : delta);
  }

  leave() {
    const { root, slot } = this.#mounted();
    slot.leave();
    delete root.dataset.shown;
  }

  #mounted() {
    const { root, body, slot, beside } = this;
    if (!root || !body || !slot || !beside) throw new Error("the view is not mounted");
    return { root, body, slot, beside };
  }

  /** What is said where the address leads to no service, or to several. */
  #gone() {
    const { root } = this.#mounted();
    const gone = part(root, "[data-gone]");
    const { model } = this.outside;
    gone.hidden = model.chosen !== null;
    setText(part(gone, "bdi"), missing(model));
    const name = model.place.key?.name ?? model.place.old ?? "";
    const link = part(gone, "a");
    link.hidden = model.meant < 2;
    setAttribute(link, "href", format(withQuery(toView("fleet", model.place), { q: exactly(name) })));
  }

  /** @param {any} record */
  #head(record) {
    const { body } = this.#mounted();
    const { model } = this.outside;
    const past = Boolean(record.lost) || model.past;
    const { changed_at: since, status } = record;
    setText(part(body, '[data-field="title"]'), record.title || record.name);
    setText(part(body, '[data-field="whose"]'), [record.context, record.node, record.version].filter(Boolean).join(" · "));
    const state = part(body, '[data-field="status"]');
    setText(state, past ? `${record.lost ? "? " : ""}was ${said(status)}` : word(record));
    state.title = status;
    setText(part(body, "[data-for]"), past ? "since" : "for");
    setSince(part(body, "[data-age]"), since, past);
    const known = past ? `, last known ${dated(record.lost?.since ?? model.now, model.fresh.at)}` : "";
    setText(part(body, "[data-known]"), known);
    part(body, '[data-field="lasting"]').title = `since ${when(since)}`;
    setMark(part(body, "[data-field-mark]"), status, Boolean(record.lost));
    const lost = part(body, "[data-lost]");
    lost.hidden = !record.lost;
    setText(part(lost, "bdi"), record.lost?.detail ?? "");
  }

  /** @param {string} tab @param {import("../slot.js").Entry} entry */
  #tab(tab, { label, warm }) {
    const item = clone(this.outside.page, "tab");
    const link = part(item, "a");
    link.dataset.toTab = tab;
    setText(link, label);
    if (warm) for (const near of ["pointerenter", "focus"]) link.addEventListener(near, () => void warm(), { once: true });
    part(this.#mounted().body, "[data-tabs]").append(item);
  }

  /** @param {HTMLElement} link @param {any} record */
  #link(link, record) {
    const { place } = this.outside.model;
    const { toTab: tab = "" } = link.dataset;
    setAttribute(link, "href", format(toService(record, place, tab)));
    const here = Object.hasOwn(TABS, place.tab) ? place.tab : "";
    if (tab === here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

/** @param {import("../slot.js").Model} model */
function missing({ loaded, meant, place, foundAt, store }) {
  if (!loaded) return "Waiting for the router…";
  if (meant > 1) return `${meant} services have this name.`;
  const { key } = place;
  const left = store.lines.all.some(({ event, data }) => event === "service_removed" && data.name === key?.name && data.context === key?.context);
  if (left || foundAt === JSON.stringify(key)) return "This service has left the registry.";
  return "No service has this id or name.";
}
