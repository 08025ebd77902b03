/**
 * The names of a service's methods, in place of the console: a report sends no requests.
 * @module
 */

import { clone, part } from "../ui/dom.js";
import { setLines } from "../ui/dom_list.js";

/** @typedef {import("../views/slot.js").View} View */

/** @implements {View} */
export class MethodNames {
  /** @param {import("../views/slot.js").Outside} outside */
  constructor({ page, model }) {
    this.model = model;
    this.needs = /** @type {const} */ ([]);
    this.body = clone(page, "method-names");
  }

  title() {
    return "methods";
  }

  /** @param {HTMLElement} root */
  mount(root) {
    root.append(this.body);
  }

  draw() {
    setLines(part(this.body, "ul"), this.model.chosen?.methods ?? []);
  }

  leave() {
    this.body.remove();
  }
}
