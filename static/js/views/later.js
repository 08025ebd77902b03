/**
 * Wraps a view so that its module is loaded when it is first shown, or earlier while the page is idle: so
 * the page starts small.
 * @module
 */

import { everything } from "../fleet/changes_to_draw.js";
import { sheet, templates } from "../ui/deferred_assets.js";

/** @typedef {import("./slot.js").Outside} Outside */
/** @typedef {import("./slot.js").View} View */
/** @typedef {new (outside: Outside) => View} Made */

const FAILED =
  "This part of the page did not load: the router does not answer, or it was updated meanwhile. Reload the page once the router answers.";

/** @param {string} label @param {string} style the sheet of the view @param {View["needs"]} needs those of the view @param {() => Promise<Made>} load @returns {import("./slot.js").Entry} */
export function later(label, style, needs, load) {
  /** @type {Made|null} */ let known = null;
  const found = async () => {
    const [made] = await Promise.all([load(), sheet(document, style), templates(document)]);
    return (known = made);
  };
  return {
    label,
    make: (outside) => (known ? new known(outside) : new Later(outside, needs, found)),
    warm: () => found().then(() => {}, () => {}),
  };
}

/** Stands for a view until that is loaded. @implements {View} */
class Later {
  /** @param {Outside} outside @param {View["needs"]} needs @param {() => Promise<Made>} load */
  constructor(outside, needs, load) {
    this.outside = outside;
    this.needs = needs;
    this.load = load;
    /** @type {HTMLElement|null} null: it has ended */ this.root = null;
    /** @type {Made|null} */ this.made = null;
    /** @type {View|null} */ this.view = null;
  }

  /** Whether the view itself is not there yet. */
  get waits() {
    return this.view === null;
  }

  /** @param {import("./slot.js").Place} place @param {import("./slot.js").Model} model */
  title(place, model) {
    return this.view?.title(place, model) ?? place.key?.name ?? place.view;
  }

  /** @param {HTMLElement} root */
  mount(root) {
    this.root = root;
    root.append("Loading…");
    void this.load().then(
      (made) => {
        this.made = made;
        this.outside.changed();
      },
      () => this.root?.replaceChildren(FAILED),
    );
  }

  /** @param {import("./slot.js").Delta} delta */
  draw(delta) {
    if (this.view) this.view.draw(delta);
    else if (this.root && this.made) {
      this.root.replaceChildren();
      this.view = new this.made(this.outside);
      this.view.mount(this.root);
      this.view.draw(everything());
    }
  }

  leave() {
    this.root = null;
    this.view?.leave();
  }
}
