/**
 * Opens the command palette (Ctrl-K). Its field is there at once; what searches is loaded with the first opening, or before
 * that while the page has nothing else to do.
 * @module
 */

import { part } from "../ui/dom.js";

/** @typedef {import("./palette.js").Palette} Palette */

export class Opener {
  /** @param {Document} page @param {() => Promise<Palette>} load */
  constructor(page, load) {
    this.page = page;
    this.load = load;
    this.dialog = /** @type {HTMLDialogElement} */ (part(page, "[data-palette]"));
    /** @type {Palette|null} */ this.palette = null;
    /** @type {Promise<Palette>|null} */ this.loading = null;
    part(page, "[data-open-palette]").addEventListener("click", () => void this.open());
    this.dialog.addEventListener("click", ({ target }) => target === this.dialog && this.dialog.close());
  }

  /** Open the dialog; where it is open, close it. */
  async open() {
    if (this.dialog.open) return this.dialog.close();
    /** @type {HTMLInputElement} */ (part(this.dialog, "input")).value = "";
    this.dialog.showModal();
    await this.warm();
    const failed = part(this.dialog, "[data-unloaded]");
    failed.hidden = this.palette !== null;
    if (this.dialog.open) this.palette?.look();
  }

  /** Other things can be done now: the router has said who the person is. */
  renew() {
    if (this.dialog.open) this.palette?.look(true);
  }

  /** Load what searches, once however often it is asked for meanwhile: two palettes would both obey a key. */
  async warm() {
    this.loading ??= this.load();
    this.palette = await this.loading.catch(() => (this.loading = null));
  }
}
