/**
 * The frame of the page: the strip, the banner, the list of services, and the slot of the main view. It
 * draws all of them with each change, and gives each key to the part that it is meant for.
 * @module
 */

import { isQuiet } from "../fleet/changes_to_draw.js";
import { toService, toView } from "../route.js";
import { writeAges } from "../ui/age.js";
import { part, setAttribute } from "../ui/dom.js";
import { StatusSummary } from "./status_summary.js";
import { Strip } from "./freshness_bar.js";
import { MainNavigation } from "./main_navigation.js";
import { VIEWS } from "./registry.js";
import { ServiceList } from "./service_list.js";
import { Slot } from "./slot.js";

/** @typedef {import("../live/freshness.js").Freshness} Freshness */

/** More changed services than these are drawn in several frames. */
const MOST_AT_ONCE = 5;
const TRUST = ["none", "nodes", "all"];

export class Shell {
  /**
   * @param {import("./slot.js").Outside} outside
   * @param {{prefs: import("../prefs.js").Prefs, hurry: () => void}} told `hurry`: a person clicks "try now"
   */
  constructor(outside, told) {
    const { page } = outside;
    this.outside = outside;
    this.strip = new Strip(page, told.hurry);
    this.banner = new StatusSummary(outside);
    /** @type {import("./away_strip.js").AwayStrip|null} not loaded yet */ this.away = null;
    /** Whether other rows of the list came into sight, or another has the focus. */ this.moved = false;
    const moved = () => {
      this.moved = true;
      outside.changed();
    };
    this.list = new ServiceList(outside, { prefs: told.prefs, moved });
    this.slot = new Slot(part(page, "[data-detail]"), outside, VIEWS);
    this.links = new MainNavigation(outside, VIEWS);
    /** @type {Record<string, number>} how far the page was scrolled in each view, on a phone */ this.scrolled = {};
    /** @type {Freshness} */ this.newest = outside.model.fresh;
    this.shownView = "";
    /** @type {string|null} */ this.shownService = null;
    page.addEventListener("keydown", (pressed) => this.#key(pressed));
  }

  /** Show at once that the page can be trusted less than it says. @param {Freshness} fresh as of this frame */
  warn(fresh) {
    this.newest = fresh;
    const shown = TRUST.indexOf(this.outside.page.body.dataset.trust ?? "none");
    if (TRUST.indexOf(fresh.trust) < shown) this.strip.draw(this.outside.model, fresh);
  }

  /** Draw what has changed, much of it in several frames; last of all, that the page can be trusted. @returns {Generator<boolean, import("../fleet/changes_to_draw.js").Delta>} */
  *draw() {
    const { model, page } = this.outside;
    const { all, place, ids } = model.delta;
    const much = all || place || ids.size > MOST_AT_ONCE;
    yield much;
    this.#rename();
    // What comes into sight while this is drawn is drawn by the next run.
    const { moved } = this;
    this.moved = false;
    this.list.measure();
    if (model.place.view !== this.slot.name) this.scrolled[this.slot.name] = page.documentElement.scrollTop;
    yield much;
    const delta = model.drawn();
    if (!isQuiet(delta)) {
      this.banner.draw();
      this.links.draw();
    }
    yield much;
    this.away?.draw();
    yield much;
    const view = this.slot.draw(model.place.view, delta);
    setAttribute(page.body, "data-view", this.slot.name);
    page.body.toggleAttribute("data-list-shown", view.needs.includes("list"));
    yield much;
    if (!isQuiet(delta) || moved) this.list.draw(delta);
    yield much;
    // Since the work began the page may have lost its trust.
    const lost = TRUST.indexOf(this.newest.trust) < TRUST.indexOf(model.fresh.trust);
    this.strip.draw(model, lost ? this.newest : model.fresh);
    this.strip.tab(model, view.title(model.place, model));
    this.#follow();
    writeAges(page, model.fresh.at, model.past);
    return delta;
  }

  /** Whether the main view asks for what the router says of the chosen service alone. */
  get needsService() {
    return this.slot.view?.needs.includes("service") ?? false;
  }

  /** Whether the list, with the last hour of each service, is beside the main view. */
  get needsHour() {
    return this.slot.view?.needs.includes("list") ?? false;
  }

  /** An address of an older version gets its new form as soon as its service is known. */
  #rename() {
    const { model, address } = this.outside;
    if (model.place.old !== null && model.chosen) address.replace(toService(model.chosen, model.place));
  }

  /** On a phone only one pane is visible: the focus must not stay on a hidden element, and each view keeps its scroll position. */
  #follow() {
    const { page, model } = this.outside;
    const id = model.chosen?.id ?? null;
    if (this.slot.view?.waits || (this.shownView === this.slot.name && this.shownService === id)) return;
    const [view, service] = [this.shownView, this.shownService];
    this.shownView = this.slot.name;
    this.shownService = id;
    if (view !== "") page.documentElement.scrollTop = this.scrolled[this.slot.name] ?? 0;
    const focused = /** @type {HTMLElement|null} */ (page.activeElement);
    const isOnlyKnownNow = view === this.slot.name && service === null;
    if (view === "" || isOnlyKnownNow || (focused !== page.body && focused?.checkVisibility())) return;
    if (this.slot.name === "fleet") this.list.focus(service);
    else page.querySelector(/** @type {"a"} */ ("[data-back]"))?.focus({ preventScroll: true });
  }

  /** Keys of the list first; Escape leaves the service. @param {KeyboardEvent} pressed */
  #key(pressed) {
    const { page, model, address } = this.outside;
    if (pressed.ctrlKey || pressed.metaKey || pressed.altKey || pressed.defaultPrevented || page.querySelector("dialog[open]")) return;
    if (this.list.key(pressed)) pressed.preventDefault();
    else if (pressed.key === "Escape" && model.place.view !== "fleet") address.push(toView("fleet", model.place));
  }
}
