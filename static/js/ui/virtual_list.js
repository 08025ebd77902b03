/**
 * A long list of which only the rows in sight are in the document. All rows have the same height, so
 * positions are known without a layout. A short list is drawn in full, for printing and the browser's search.
 * @module
 */

import { setAttribute } from "./dom.js";
import { RowElements, before } from "./recycled_rows.js";
import { rowsInSight } from "./rows_in_sight.js";

const ALL = 200;

/**
 * The rows to draw. `key` must be unique; rows of one `kind` share elements; `reached` is the row that the
 * tab key reaches, which is always drawn.
 * @typedef {{length: number, reached: number, key: (at: number) => string, find: (key: string) => number, kind: (at: number) => string}} Source
 */

export class List {
  /**
   * @param {HTMLElement} root a list, whose height is set here
   * @param {{sample: string, make: (kind: string) => HTMLElement, fill: (item: HTMLElement, at: number) => void, moved: () => void}} outside
   *   `make` an element, `fill` it with a row; `moved`: other rows have come into sight; `sample` is a kind
   *   of row whose height is measured
   */
  constructor(root, outside) {
    this.root = root;
    this.outside = outside;
    this.elements = new RowElements(root, outside.make);
    /** @type {WeakMap<HTMLElement, number>} where each element is, in px */ this.tops = new WeakMap();
    /** @type {Source|null} */ this.source = null;
    this.height = 0;
    this.sight = { top: 0, bottom: 0 };
    root.ownerDocument.addEventListener("scroll", () => this.#isShort() || outside.moved(), { capture: true, passive: true });
    new ResizeObserver(() => {
      this.height = 0;
      outside.moved();
    }).observe(root.parentElement ?? root);
  }

  /** Note which part of the list is in sight, in px from its top, how high a row is, and what a person has selected. */
  measure() {
    this.elements.look();
    this.height ||= this.#rowHeight();
    const list = this.root.getBoundingClientRect();
    const pane = (this.root.parentElement ?? this.root).getBoundingClientRect();
    const height = this.root.ownerDocument.documentElement.clientHeight;
    this.sight = { top: Math.max(pane.top, 0) - list.top, bottom: Math.min(pane.bottom, height) - list.top };
  }

  /** @param {Source} source the rows as they are now */
  draw(source) {
    this.source = source;
    // A hidden list is drawn when it is shown: then its size changes.
    if (this.height === 0) return;
    const focused = this.#focused();
    const shown = this.#inSight(focused, source);
    this.root.style.height = `${source.length * this.height}px`;
    const items = this.#assign(shown, source);
    let next = this.root.firstElementChild;
    for (const [at, item] of items) {
      if (item === focused?.item) next = before(item, next);
      if (item === next) next = next.nextElementSibling;
      else this.root.insertBefore(item, next);
      this.#place(item, at, source.length);
      this.outside.fill(item, at);
    }
    if (focused && !focused.item.contains(this.root.ownerDocument.activeElement)) this.#refocus(focused, source);
  }

  /** Give a row the focus, and scroll it into sight. @param {number} at */
  focus(at) {
    if (!this.source || at < 0 || at >= this.source.length) return;
    const item = this.elements.items.get(this.source.key(at)) ?? this.#bring(at, this.source);
    const control = /** @type {HTMLElement|null} */ (item.querySelector("a, button"));
    control?.focus({ preventScroll: true });
    control?.scrollIntoView({ block: "nearest" });
  }

  /** The row that has the focus: -1 if none has it. */
  get focusedAt() {
    const focused = this.#focused();
    return focused && this.source ? this.source.find(focused.key) : -1;
  }

  /** A row that is out of sight, drawn so that it can have the focus. @param {number} at @param {Source} source */
  #bring(at, source) {
    const item = this.elements.add(source.key(at), source.kind(at));
    this.root.append(item);
    this.#place(item, at, source.length);
    this.outside.fill(item, at);
    return item;
  }

  /** @param {HTMLElement} item @param {number} at @param {number} length */
  #place(item, at, length) {
    const top = at * this.height;
    if (this.tops.get(item) !== top) item.style.top = `${top}px`;
    this.tops.set(item, top);
    setAttribute(item, "aria-posinset", String(at + 1));
    setAttribute(item, "aria-setsize", String(length));
  }

  /** The shown rows with their elements, as far as there are any yet. @param {number[]} shown @param {Source} source @returns {[number, HTMLElement][]} */
  #assign(shown, source) {
    const places = new Map(shown.map((at) => [source.key(at), at]));
    const kinds = new Map([...places].map(([key, at]) => [key, source.kind(at)]));
    if (!this.elements.assign(kinds)) this.outside.moved();
    return [...this.elements.items].map(([key, item]) => [Number(places.get(key)), item]);
  }

  #focused() {
    const active = this.root.ownerDocument.activeElement;
    if (!active || !this.root.contains(active)) return null;
    for (const [key, item] of this.elements.items) {
      if (item.contains(active)) return { key, item, at: Number(item.getAttribute("aria-posinset")) - 1 };
    }
    return null;
  }

  /** The rows to draw. @param {{key: string}|null} focused @param {Source} source @returns {number[]} in order */
  #inSight(focused, source) {
    const { length } = source;
    const sight = this.#isShort() ? { top: 0, bottom: Infinity } : this.sight;
    return rowsInSight({ ...sight, height: this.height, length, kept: focused ? source.find(focused.key) : source.reached });
  }

  #isShort() {
    return this.source !== null && this.source.length <= ALL;
  }

  /** An element that is moved loses the focus; where its row is gone, the next row gets it. @param {{key: string, at: number}} focused @param {Source} source */
  #refocus({ key, at }, source) {
    const now = source.find(key);
    this.focus(now < 0 ? Math.min(at, source.length - 1) : now);
  }

  /** The height of a row, as the style sheet gives it. */
  #rowHeight() {
    const { pool } = this.elements;
    const item = pool.take(this.outside.sample);
    this.root.append(item);
    const { height } = item.getBoundingClientRect();
    pool.release(item);
    return height;
  }
}
