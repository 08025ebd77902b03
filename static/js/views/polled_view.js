/**
 * Base of views that poll the router: each requests its data again and again while the view is shown and somebody can
 * see it. An answer that comes after the view has ended, or after a newer one, is dropped; one that fails is
 * told as its error.
 * @module
 */

import { copyCommands } from "../ui/copyable_commands.js";
import { clone, part, setText } from "../ui/dom.js";

/** @typedef {import("./slot.js").View} View */

const EVERY_MS = 3_000;

/** @implements {View} */
export class PolledView {
  /**
   * @param {Document} page
   * @param {{name: string, ask: () => Promise<any>, show: (answer: any) => void}} what `name` of the view, which its template has too
   */
  constructor(page, { name, ask, show }) {
    this.page = page;
    this.name = name;
    this.ask = ask;
    this.show = show;
    this.needs = /** @type {const} */ (["list"]);
    this.body = clone(page, name);
    copyCommands(this.body);
    this.timer = 0;
    this.runs = false;
    /** How many answers were asked for, and the last of these that was shown. */ this.asks = 0;
    this.newest = 0;
  }

  title() {
    return this.name;
  }

  /** @param {HTMLElement} root */
  mount(root) {
    root.append(this.body);
    this.runs = true;
    void this.#turn();
  }

  draw() {}

  leave() {
    this.runs = false;
    clearTimeout(this.timer);
  }

  /** Ask now, as after a change. */
  again() {
    if (this.runs) void this.#once();
  }

  async #turn() {
    if (!this.page.hidden) await this.#once();
    if (this.runs) this.timer = window.setTimeout(() => void this.#turn(), EVERY_MS);
  }

  async #once() {
    const asked = ++this.asks;
    try {
      const answer = await this.ask();
      if (!this.runs || asked < this.newest) return;
      this.newest = asked;
      this.show(answer);
      this.#tell("");
    } catch (error) {
      if (this.runs) this.#tell(error instanceof Error ? error.message : String(error));
    }
  }

  /** @param {string} error "" if there is none */
  #tell(error) {
    setText(part(this.body, "[data-failed]"), error && `The ${this.name} could not be loaded: ${error}`);
  }
}
