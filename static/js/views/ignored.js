/**
 * The list of socket files that the nodes' scanners ignore, with the reason of each.
 * @module
 */

import { clone, part, setText } from "../ui/dom.js";

export class Ignored {
  /** @param {Document} page */
  constructor(page) {
    this.page = page;
    this.place = part(page, "[data-ignored]");
  }

  /** @param {any[]} nodes as in `nodes` of the state API */
  render(nodes) {
    const shown = nodes.filter((node) => node.ignored_count > 0);
    while (this.place.children.length > shown.length) this.place.lastElementChild?.remove();
    while (this.place.children.length < shown.length) this.place.append(clone(this.page, "ignored"));
    for (const [at, node] of shown.entries()) this.#node(/** @type {HTMLElement} */ (this.place.children[at]), node);
    this.place.hidden = shown.length === 0;
  }

  /** @param {HTMLElement} item @param {any} node */
  #node(item, { node, ignored_count: number, ignored }) {
    const told = Object.entries(ignored ?? {});
    const words = number === 1 ? "1 socket is ignored" : `${number} sockets are ignored`;
    setText(part(item, "[data-number]"), words);
    setText(part(item, "summary bdi"), node);
    const list = part(item, "ul");
    while (list.children.length > told.length) list.lastElementChild?.remove();
    while (list.children.length < told.length) list.append(clone(this.page, "left-out"));
    for (const [at, [path, reason]] of told.entries()) {
      setText(part(list.children[at], ".path"), path);
      setText(part(list.children[at], ".reason"), String(reason));
    }
    const more = number - told.length;
    setText(part(item, "[data-more]"), more > 0 ? `… and ${more} more` : "");
  }
}
