/**
 * The palette (Ctrl-K): one field that finds services, methods, views and actions, in a dialog. It is the
 * pattern "combobox with a list" of the WAI-ARIA practices.
 * @module
 */

import { clone, part, setMark, setText } from "../ui/dom.js";
import { Search } from "./search.js";
import { offers } from "./sources.js";

/** @typedef {import("./sources.js").Offer} Offer */

export class Palette {
  /**
   * @param {import("../views/slot.js").Outside} outside
   * @param {{views: Readonly<Record<string, {label: string}>>, actions: () => import("./sources.js").Action[]}} more
   */
  constructor({ page, model }, { views, actions }) {
    this.page = page;
    this.all = () => offers(model, views, actions());
    this.dialog = /** @type {HTMLDialogElement} */ (part(page, "[data-palette]"));
    this.input = /** @type {HTMLInputElement} */ (part(this.dialog, "input"));
    this.list = part(this.dialog, "[role=listbox]");
    this.search = new Search({ now: () => performance.now(), later: (run) => void setTimeout(run) });
    /** @type {Offer[]} */ this.found = [];
    this.at = 0;
    this.input.addEventListener("input", () => this.look());
    this.input.addEventListener("keydown", (pressed) => this.#key(pressed));
    this.dialog.addEventListener("close", () => this.search.end());
    this.list.addEventListener("click", (clicked) => this.#click(clicked));
  }

  /** Look for what the field says. @param {boolean} [again] the same text as before: what is chosen stays chosen */
  look(again) {
    this.search.begin(this.input.value, this.all, (found) => {
      const chosen = again ? this.found[this.at] : undefined;
      this.at = Math.max(0, found.findIndex(({ kind, text }) => kind === chosen?.kind && text === chosen.text));
      this.found = found;
      this.#draw();
    });
  }

  #draw() {
    const items = this.found.map((offer, at) => this.#item(offer, at));
    this.list.replaceChildren(...items);
    this.list.hidden = items.length === 0;
    this.input.setAttribute("aria-expanded", String(items.length > 0));
    setText(part(this.dialog, "[data-nothing]"), items.length > 0 ? "" : "Nothing found.");
    this.#mark();
  }

  /** @param {Offer} offer @param {number} at */
  #item(offer, at) {
    const item = clone(this.page, "offer");
    item.id = `offer-${at}`;
    if (offer.status) setMark(item, offer.status);
    setText(part(item, ".text"), offer.text);
    setText(part(item, ".hint"), offer.hint);
    setText(part(item, ".kind"), offer.kind);
    return item;
  }

  #mark() {
    [...this.list.children].forEach((item, at) => item.setAttribute("aria-selected", String(at === this.at)));
    const chosen = this.list.children[this.at];
    this.input.setAttribute("aria-activedescendant", chosen?.id ?? "");
    chosen?.scrollIntoView({ block: "nearest" });
  }

  /** @param {KeyboardEvent} pressed */
  #key(pressed) {
    const last = this.found.length - 1;
    const places = /** @type {Record<string, number>} */ ({
      ArrowDown: this.at < last ? this.at + 1 : 0,
      ArrowUp: this.at > 0 ? this.at - 1 : last,
      PageDown: Math.min(last, this.at + 8),
      PageUp: Math.max(0, this.at - 8),
    });
    if (pressed.key === "Enter" && !pressed.isComposing) this.#choose(this.found[this.at], pressed.ctrlKey || pressed.metaKey);
    else if (Object.hasOwn(places, pressed.key)) {
      this.at = Math.max(0, places[pressed.key]);
      this.#mark();
    } else return;
    pressed.preventDefault();
  }

  /** A click on a line chooses it. @param {MouseEvent} clicked */
  #click(clicked) {
    const item = clicked.target instanceof Element ? clicked.target.closest("[role=option]") : null;
    const at = item ? [...this.list.children].indexOf(item) : -1;
    if (at >= 0) this.#choose(this.found[at], clicked.ctrlKey || clicked.metaKey);
  }

  /** @param {Offer|undefined} offer @param {boolean} beside in a tab of its own */
  #choose(offer, beside) {
    if (!offer) return;
    this.dialog.close();
    if (offer.run) offer.run();
    else if (offer.href && beside) window.open(offer.href, "_blank", "noopener");
    else if (offer.href) location.hash = offer.href;
  }
}
