/**
 * The list of socket files that the nodes' scanners ignore, with the reason of each.
 * @module
 */

import { part, setLength, setText } from "../ui/dom.js";

export class Ignored {
  /** @param {HTMLElement} place */
  constructor(place) {
    this.place = place;
  }

  /** @param {any[]} nodes as in `nodes` of the state API */
  render(nodes) {
    const shown = nodes.filter((node) => node.ignored_count > 0);
    const items = setLength(this.place, shown.length, "ignored");
    for (const [at, node] of shown.entries()) this.#node(items[at], node);
    this.place.hidden = shown.length === 0;
  }

  /** @param {HTMLElement} item @param {any} node */
  #node(item, { node, ignored_count: number, ignored }) {
    const told = Object.entries(ignored ?? {});
    const words = number === 1 ? "1 socket is ignored" : `${number} sockets are ignored`;
    setText(part(item, "[data-number]"), words);
    setText(part(item, "summary bdi"), node);
    const list = setLength(part(item, "ul"), told.length, "left-out");
    for (const [at, [path, reason]] of told.entries()) {
      setText(part(list[at], ".path"), path);
      setText(part(list[at], ".reason"), String(reason));
    }
    const more = number - told.length;
    setText(part(item, "[data-more]"), more > 0 ? `… and ${more} more` : "");
  }
}
