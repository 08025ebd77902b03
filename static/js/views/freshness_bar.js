/**
 * The strip (the page's head) and its bands, which always show how fresh the page is; and the title and
 * icon of the browser's tab.
 * @module
 */

import { asset, digest } from "../live/base_url.js";
import { bands, said, updated } from "../fleet/freshness_text.js";
import { dated, lasting } from "../fleet/times.js";
import { events } from "../fleet/event_text.js";
import { part, setAttribute, setHidden, setLength, setText } from "../ui/dom.js";

/** @typedef {import("../live/store.js").Store} Store */
/** @typedef {import("../live/freshness.js").Freshness} Freshness */
/** @typedef {import("../fleet/page_model.js").Model} Model */

const MOST_BANDS = 6;
const SHEETS = ["--tokens", "--base", "--parts", "--views"];

export class Strip {
  /** @param {Document} page @param {() => void} hurry a person wants to try now */
  constructor(page, hurry) {
    this.page = page;
    this.root = part(page, "[data-strip]");
    this.bands = part(page, "[data-bands]");
    const style = getComputedStyle(page.documentElement);
    this.styled = SHEETS.every((sheet) => style.getPropertyValue(sheet) !== "");
    part(this.root, "[data-try]").addEventListener("click", hurry);
    part(page, "[data-reload]").addEventListener("click", () => page.defaultView?.location.reload());
  }

  /** @param {Model} model @param {Freshness} fresh newer than the model's, where that is in work */
  draw({ store, index }, fresh) {
    const { label, detail, dated, next, mayTry } = said(store, fresh);
    setAttribute(this.root, "data-link", fresh.link);
    setAttribute(this.root, "data-cursor", store.place ?? "");
    setAttribute(this.page.body, "data-trust", fresh.trust);
    setText(part(this.root, "[data-freshness-label]"), label);
    setText(part(this.root, "[data-freshness-detail]"), detail);
    setText(part(this.root, "[data-dated]"), dated);
    setText(part(this.root, "[data-next]"), next);
    setHidden(part(this.root, "[data-try]"), !mayTry);
    this.#last(store, fresh);
    this.#bands(bands(fresh, (node) => index.nodes.get(node)?.size ?? 0));
    setHidden(part(this.page, "[data-updated]"), !updated(store, digest));
    // Without CSS stale data would look current: then the line stays.
    setHidden(part(this.page, "[data-unstarted]"), this.styled);
  }

  /** The title and icon of the browser's tab: how many services are not healthy, whether the page is stale, and what is shown. @param {Model} model @param {string} what */
  tab({ index, store, fresh }, what) {
    const doubt = fresh.trust === "none" ? (fresh.link === "live" && store.loaded ? "stale" : fresh.link) : "";
    const number = index.troubled > 0 ? `(${index.troubled})` : "";
    const words = [doubt, what, "hero_router"].filter(Boolean).join(" · ");
    const title = number ? `${number} ${words}` : words;
    if (this.page.title !== title) this.page.title = title;
    const look = fresh.trust === "none" ? "doubtful" : number ? "troubled" : "well";
    const icon = part(this.page, 'link[rel="icon"]');
    setAttribute(icon, "href", asset(`icons/${look}.svg`));
  }

  /** @param {Store} store @param {Freshness} fresh */
  #last(store, fresh) {
    const { missed, lines } = store;
    setText(part(this.root, "[data-missed]"), missed ? `missed ${events(missed.dropped)} at ${dated(missed.at, fresh.at)}` : "");
    const last = lines.newestAt === null ? "" : `last event ${dated(lines.newestAt, fresh.at)}`;
    setText(part(this.root, "[data-last-event]"), last);
    // A number that changes each second shows that the page itself still runs.
    const heard = fresh.stream.connected ? `last data ${lasting(fresh.now - fresh.stream.heardAt)} ago` : "";
    setText(part(this.root, "[data-heard]"), heard);
  }

  /** One band for each warning; those after the first few are only counted. @param {import("../fleet/freshness_text.js").Band[]} all */
  #bands(all) {
    const more = all.length > MOST_BANDS ? [{ text: `… and ${all.length - MOST_BANDS} more warnings`, node: null }] : [];
    const shown = [...all.slice(0, MOST_BANDS), ...more];
    const items = setLength(this.bands, shown.length, "band");
    for (const [at, { text, node }] of shown.entries()) {
      const band = items[at];
      band.dataset.band = node === null ? "all" : "node";
      part(band, "[data-node]").hidden = node === null || text.includes(node);
      setText(part(band, "[data-node] bdi"), node ?? "");
      setText(part(band, ".text"), text);
    }
    setHidden(this.bands, shown.length === 0);
  }
}
