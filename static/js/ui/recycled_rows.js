/**
 * The elements of a long list, one for each row in the document. An element whose row is shown no more
 * becomes another row of its kind, where it stands: that is cheaper than to take it out and put it in again.
 * @module
 */

import { Pool } from "./pool.js";

/** More new elements than these come in several frames. */
const MOST_NEW = 20;

export class RowElements {
  /** @param {HTMLElement} root the list @param {(kind: string) => HTMLElement} make */
  constructor(root, make) {
    this.root = root;
    this.pool = new Pool(make);
    /** @type {Map<string, HTMLElement>} the elements in the document, by row */ this.items = new Map();
    /** @type {Node|null} where a selection begins */ this.selected = null;
  }

  /** Look what a person has selected, before anything is changed: later it would need a layout. */
  look() {
    this.selected = this.root.ownerDocument.getSelection()?.anchorNode ?? null;
  }

  /** Give each row its element; rows for which there is none yet are left out. @param {Map<string, string>} kinds of the rows to show, in order @returns {boolean} whether all have one now */
  assign(kinds) {
    const spare = this.#spare(kinds);
    const items = new Map();
    let left = MOST_NEW;
    for (const [key, kind] of kinds) {
      const item = this.items.get(key) ?? spare.get(kind)?.shift() ?? (left-- > 0 ? this.pool.take(kind) : null);
      if (item) items.set(key, item);
    }
    for (const item of [...spare.values()].flat()) this.pool.release(item);
    this.items = items;
    return left >= 0;
  }

  /** A row more, wherever it is. @param {string} key @param {string} kind */
  add(key, kind) {
    const item = this.pool.take(kind);
    this.items.set(key, item);
    return item;
  }

  /** The elements of rows that are shown no more, by kind. One that has the focus, or where a selection begins, never becomes another row. @param {Map<string, string>} kinds */
  #spare(kinds) {
    const held = [this.root.ownerDocument.activeElement, this.selected];
    /** @type {Map<string, HTMLElement[]>} */ const spare = new Map();
    for (const [key, item] of this.items) {
      if (kinds.has(key)) continue;
      const kind = item.dataset.kind ?? "";
      if (held.some((one) => item.contains(one))) this.pool.release(item);
      else spare.set(kind, [...(spare.get(kind) ?? []), item]);
    }
    return spare;
  }
}

/** Take out what is before an element, which would lose the focus if it were moved itself. @param {Element} item @param {Element|null} next */
export function before(item, next) {
  while (next && next !== item) {
    const passed = next;
    next = next.nextElementSibling;
    passed.remove();
  }
  return next;
}
