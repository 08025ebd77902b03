/**
 * Keeps elements that were removed from the page, to reuse them for other rows of the same kind.
 * @module
 */

const MOST = 32;

export class Pool {
  /** @param {(kind: string) => HTMLElement} make */
  constructor(make) {
    this.make = make;
    /** @type {Map<string, HTMLElement[]>} by kind */ this.spare = new Map();
  }

  /** An element for a row. @param {string} kind @returns {HTMLElement} */
  take(kind) {
    const item = this.spare.get(kind)?.pop() ?? this.make(kind);
    item.dataset.kind = kind;
    return item;
  }

  /** The element is no longer needed. @param {HTMLElement} item of this pool */
  release(item) {
    item.remove();
    const kind = item.dataset.kind ?? "";
    this.spare.set(kind, [...(this.spare.get(kind) ?? []), item].slice(-MOST));
  }
}
