/**
 * The methods of a service: the console.
 * @module
 */

import { Console } from "../../console/console.js";

/** @typedef {import("../slot.js").View} View */

/** @implements {View} */
export class MethodsTab {
  /** @param {import("../slot.js").Outside} outside */
  constructor(outside) {
    this.needs = /** @type {const} */ (["service"]);
    this.console = new Console(outside);
  }

  title() {
    return "methods";
  }

  /** @param {HTMLElement} root */
  mount(root) {
    root.append(this.console.root);
  }

  draw() {
    this.console.draw();
  }

  leave() {
    this.console.leave();
  }
}
