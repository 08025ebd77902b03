/**
 * The record of a service as the router sends it, for people who look for a field.
 * @module
 */

import { clone, part, setText } from "../../ui/dom.js";

/** @typedef {import("../slot.js").View} View */

/** @implements {View} */
export class RawTab {
  /** @param {import("../slot.js").Outside} outside */
  constructor({ page, model }) {
    this.model = model;
    this.needs = /** @type {const} */ ([]);
    this.body = clone(page, "raw");
    /** @type {any} */ this.drawn = null;
  }

  title() {
    return "raw";
  }

  /** @param {HTMLElement} root */
  mount(root) {
    root.append(this.body);
  }

  draw() {
    const { chosen } = this.model;
    if (chosen === this.drawn) return;
    this.drawn = chosen;
    setText(part(this.body, "code"), JSON.stringify(chosen, (name, value) => (name === "lost" ? undefined : value), 2));
  }

  leave() {
    this.drawn = null;
  }
}
