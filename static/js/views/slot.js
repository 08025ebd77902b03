/**
 * A view is a part of the page that is there while the address names it. A slot owns one view at a time:
 * it makes it, draws it with each change, and ends it.
 * @module
 */

import { everything } from "../fleet/changes_to_draw.js";

/** @typedef {import("../fleet/page_model.js").Model} Model */
/** @typedef {import("../fleet/changes_to_draw.js").Delta} Delta */
/** @typedef {import("../route.js").Place} Place */
/**
 * What views get from outside; `changed`: the page must be drawn.
 * @typedef {{page: Document, model: Model, address: import("../ui/browser_location.js").BrowserLocation, changed: () => void}} Outside
 */
/**
 * `needs`: "list", the list of services stays beside the view; "service", the router is asked again and
 * again for the chosen service (`model.details`). `title` is what the browser's tab says of the place.
 * `mount` builds the view in an empty element; `draw` is called at once after it, then with each change
 * and each second; `leave` ends what the view began (timers, requests): its element is emptied by the slot.
 * `waits`: the view is still being loaded.
 * @typedef {{
 *   needs: ReadonlyArray<"list"|"service">, title: (place: Place, model: Model) => string,
 *   mount: (root: HTMLElement) => void, draw: (delta: Delta) => void, leave: () => void,
 *   readonly waits?: boolean,
 * }} View
 */
/**
 * `label`: the word for the link to the view, where there is one; `right`: the right that a caller needs for it
 * (`fleet/caller.js`); `warm` loads what the view needs, as when a person is about to choose it, and never fails.
 * @typedef {{label: string, right?: string, make: (outside: Outside) => View, warm?: () => Promise<void>}} Entry
 */

export class Slot {
  /** @param {HTMLElement} root @param {Outside} outside @param {Readonly<Record<string, Entry>>} entries the first is shown where an address names none of them */
  constructor(root, outside, entries) {
    this.root = root;
    this.outside = outside;
    this.entries = entries;
    this.name = "";
    /** @type {View|null} */ this.view = null;
  }

  /** Draw the named view; make it first if another one was there. @param {string} asked @param {Delta} delta @returns {View} */
  draw(asked, delta) {
    const name = Object.hasOwn(this.entries, asked) ? asked : Object.keys(this.entries)[0];
    const same = this.view !== null && this.name === name;
    const view = same ? /** @type {View} */ (this.view) : this.#begin(name);
    view.draw(same ? delta : everything());
    return view;
  }

  /** End the view. */
  leave() {
    this.view?.leave();
    this.view = null;
    this.root.replaceChildren();
  }

  /** @param {string} name */
  #begin(name) {
    this.leave();
    this.name = name;
    this.view = this.entries[name].make(this.outside);
    this.root.scrollTop = 0;
    this.view.mount(this.root);
    return this.view;
  }
}
