/**
 * Draws the whole page: text is set by `textContent` only, elements are kept and changed in place. The
 * person's choices (filter, selection) survive every change of the state.
 * @module
 */

import { fleet } from "../fleet/viewmodel.js";
import { part, setText } from "../ui/dom.js";
import { Detail } from "./detail.js";
import { Overview } from "./problems.js";
import { Recent } from "./recent.js";
import { Sidebar } from "./sidebar.js";
import { Strip } from "./freshness_bar.js";

/** @typedef {import("../live/store.js").Store} Store */
/** @typedef {import("../live/freshness.js").Freshness} Freshness */

export class View {
  /**
   * @param {Document} page
   * @param {{chosen: (id: string|null) => void, changed: () => void, hurry: () => void}} told called when a
   *   person selects a service; when the page must be drawn; when a person clicks "try now"
   */
  constructor(page, told) {
    this.page = page;
    this.told = told;
    /** @type {string|null} an id; or a name, until its id is known */ this.selected = null;
    /** @type {string|null} the last selected service that was in the registry */ this.found = null;
    /** @type {string|null} the selection as of the last change of focus and scroll */ this.followed = null;
    this.scrolled = 0;
    this.back = part(page, "[data-back]");
    this.back.addEventListener("click", () => this.#choose(null));
    const choose = (/** @type {string} */ id) => this.#choose(id);
    this.strip = new Strip(page, told.hurry);
    this.sidebar = new Sidebar(page, { chosen: choose, changed: told.changed });
    this.overview = new Overview(page, choose);
    this.detail = new Detail(page);
    this.recent = new Recent(page, choose);
    page.addEventListener("keydown", (pressed) => this.#key(pressed));
  }

  /** @param {Store} store @param {Freshness} fresh */
  render(store, fresh) {
    const shown = fleet(store, fresh);
    const chosen = shown.all.find((one) => one.id === this.selected);
    const named = chosen ? [] : shown.all.filter((one) => one.name === this.selected);
    const record = chosen ?? (named.length === 1 ? named[0] : null);
    // A name that only one service has becomes its id.
    if (record) this.selected = this.found = record.id;
    this.strip.render(store, fresh, shown);
    this.strip.tab(store, fresh, shown, record?.name);
    this.sidebar.render(shown.all, this.selected, store.loaded);
    this.overview.render(shown, store, fresh, this.selected === null);
    this.detail.render(record, shown, fresh);
    this.#gone(record, named.length, store);
    this.recent.render(store.lines.all);
    this.#follow();
  }

  /** Select a service, as when a person comes back to an address. @param {string|null} id */
  select(id) {
    if (this.selected === null) this.scrolled = this.page.documentElement.scrollTop;
    this.selected = id;
    this.told.changed();
  }

  /** What the router says of one service alone has come. @param {string} id @param {any} answer */
  answered(id, answer) {
    this.detail.answered(id, answer);
  }

  /** Set the title of a hidden tab. @param {Store} store @param {Freshness} fresh */
  title(store, fresh) {
    const shown = fleet(store, fresh);
    this.strip.tab(store, fresh, shown, shown.all.find((one) => one.id === this.selected)?.name);
  }

  /** @param {any} record @param {number} named how many have the name @param {Store} store */
  #gone(record, named, store) {
    const gone = part(this.page, "[data-gone]");
    gone.hidden = this.selected === null || record !== null;
    const was = this.found === this.selected || store.lines.all.some(({ data }) => (data.service ?? data).id === this.selected);
    const none = named > 1 ? `${named} services have this name.` : "No service has this id or name.";
    setText(gone, !store.loaded ? "Waiting for the router…" : was ? "This service has left the registry." : none);
    this.back.hidden = this.selected === null;
    this.page.body.dataset.selected = this.selected === null ? "no" : "yes";
  }

  /** A person selected a service, or none. @param {string|null} id */
  #choose(id) {
    this.select(id);
    this.told.chosen(id);
  }

  /** On a phone only one pane is visible: the focus must not stay on a hidden element. */
  #follow() {
    if (this.followed === this.selected) return;
    const before = this.followed;
    this.followed = this.selected;
    this.page.documentElement.scrollTop = this.selected === null ? this.scrolled : 0;
    const focused = /** @type {HTMLElement|null} */ (this.page.activeElement);
    if (focused !== this.page.body && focused?.offsetParent) return;
    const target = this.selected === null ? this.sidebar.row(before) : this.back;
    target?.focus({ preventScroll: true });
  }

  /** `/` goes to the filter, arrows move in the list, Escape closes the service. @param {KeyboardEvent} pressed */
  #key(pressed) {
    if (pressed.ctrlKey || pressed.metaKey || pressed.altKey) return;
    if (this.sidebar.key(pressed)) pressed.preventDefault();
    else if (pressed.key === "Escape" && this.selected !== null) this.#choose(null);
  }
}
