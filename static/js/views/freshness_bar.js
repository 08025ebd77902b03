/**
 * The strip (the page's head) and its bands, which always show how fresh the page is; and the title and
 * icon of the browser's tab.
 * @module
 */

import { base, digest } from "../live/base_url.js";
import { bands, said, updated } from "../fleet/freshness_text.js";
import { clock, lasting } from "../fleet/times.js";
import { events } from "../fleet/event_text.js";
import { clone, part, setText } from "../ui/dom.js";

/** @typedef {import("../live/store.js").Store} Store */
/** @typedef {import("../live/freshness.js").Freshness} Freshness */
/** @typedef {import("../fleet/viewmodel.js").Fleet} Fleet */

const MOST_BANDS = 6;

export class Strip {
  /** @param {Document} page @param {() => void} hurry a person wants to try now */
  constructor(page, hurry) {
    this.page = page;
    this.root = part(page, "[data-strip]");
    this.bands = part(page, "[data-bands]");
    this.styled = getComputedStyle(page.documentElement).getPropertyValue("--ground") !== "";
    part(this.root, "[data-try]").addEventListener("click", hurry);
    part(page, "[data-reload]").addEventListener("click", () => page.defaultView?.location.reload());
  }

  /** @param {Store} store @param {Freshness} fresh @param {Fleet} fleet */
  render(store, fresh, fleet) {
    const { label, detail, next, mayTry } = said(store, fresh);
    this.root.dataset.link = fresh.link;
    this.root.dataset.cursor = store.place ?? "";
    this.page.body.dataset.trust = fresh.trust;
    setText(part(this.root, "[data-freshness-label]"), label);
    setText(part(this.root, "[data-freshness-detail]"), detail);
    setText(part(this.root, "[data-next]"), next);
    part(this.root, "[data-try]").hidden = !mayTry;
    this.#last(store, fresh);
    this.#bands(bands(fresh, fleet));
    part(this.page, "[data-updated]").hidden = !updated(store, digest);
    // Without CSS stale data would look current: then the line stays.
    part(this.page, "[data-unstarted]").hidden = this.styled;
  }

  /** The title of the browser's tab: how many services are not healthy, whether the page is stale, and the selected service. @param {Store} store @param {Freshness} fresh @param {Fleet} fleet @param {string|undefined} name */
  tab(store, fresh, fleet, name) {
    const doubt = fresh.trust === "none" ? (fresh.link === "live" && store.loaded ? "stale" : fresh.link) : "";
    const number = fleet.troubled.length > 0 ? `(${fleet.troubled.length})` : "";
    const what = [doubt, name, "hero_router"].filter(Boolean).join(" · ");
    const title = number ? `${number} ${what}` : what;
    if (this.page.title !== title) this.page.title = title;
    const look = fresh.trust === "none" ? "doubtful" : number ? "troubled" : "well";
    const icon = part(this.page, 'link[rel="icon"]');
    const address = `${base}static/${digest && `${digest}/`}icons/${look}.svg`;
    if (icon.getAttribute("href") !== address) icon.setAttribute("href", address);
  }

  /** @param {Store} store @param {Freshness} fresh */
  #last(store, fresh) {
    const { missed, lines } = store;
    setText(part(this.root, "[data-missed]"), missed ? `missed ${events(missed.dropped)} at ${clock(missed.at)}` : "");
    const last = lines.newestAt === null ? "" : `last event ${clock(lines.newestAt)}`;
    setText(part(this.root, "[data-last-event]"), last);
    // A number that changes each second shows that the page itself still runs.
    const heard = fresh.stream.connected ? `last data ${lasting(fresh.now - fresh.stream.heardAt)} ago` : "";
    setText(part(this.root, "[data-heard]"), heard);
  }

  /** One band for each warning; those after the first few are only counted. @param {import("../fleet/freshness_text.js").Band[]} all */
  #bands(all) {
    const more = all.length > MOST_BANDS ? [{ text: `… and ${all.length - MOST_BANDS} more warnings`, node: null }] : [];
    const shown = [...all.slice(0, MOST_BANDS), ...more];
    while (this.bands.children.length > shown.length) this.bands.lastElementChild?.remove();
    while (this.bands.children.length < shown.length) this.bands.append(clone(this.page, "band"));
    for (const [at, { text, node }] of shown.entries()) {
      const band = /** @type {HTMLElement} */ (this.bands.children[at]);
      band.dataset.band = node === null ? "all" : "node";
      part(band, "[data-node]").hidden = node === null || text.includes(node);
      setText(part(band, "[data-node] bdi"), node ?? "");
      setText(part(band, ".text"), text);
    }
    this.bands.hidden = shown.length === 0;
  }
}
