/**
 * The wall: for a screen across the room. What is wrong in large letters, and one tile for each group of
 * the list; the banner, and the line that says how fresh the data is, stay above it.
 * @module
 */

import { worst } from "../fleet/groups.js";
import { isQuiet } from "../fleet/changes_to_draw.js";
import { said } from "../fleet/status.js";
import { clone, part, setLength, setMark, setText } from "../ui/dom.js";
import { CauseList } from "./cause_list.js";

/** @typedef {import("./slot.js").View} View */

const MOST_TILES = 120;

/** @implements {View} */
export class WallView {
  /** @param {import("./slot.js").Outside} outside */
  constructor({ page, model }) {
    this.model = model;
    this.needs = /** @type {const} */ ([]);
    this.body = clone(page, "wall");
    this.causes = new CauseList(part(this.body, "[data-causes-part]"), model);
  }

  title() {
    return "wall";
  }

  /** @param {HTMLElement} root */
  mount(root) {
    root.append(this.body);
  }

  /** @param {import("./slot.js").Delta} delta */
  draw(delta) {
    if (isQuiet(delta)) return;
    this.causes.draw();
    const groups = this.model.index.groups.all;
    const shown = groups.slice(0, MOST_TILES);
    const tiles = setLength(part(this.body, "[data-tiles]"), shown.length, "tile");
    for (const [at, group] of shown.entries()) {
      const status = worst(group);
      const number = group.entries.length;
      const healthy = group.counts.get("healthy") ?? 0;
      setMark(tiles[at], status);
      setText(part(tiles[at], "bdi"), group.key || "all services");
      setText(part(tiles[at], ".word"), status === "healthy" ? "healthy" : said(status));
      setText(part(tiles[at], ".number"), `${healthy} of ${number} healthy`);
    }
    const more = groups.length - shown.length;
    setText(part(this.body, "[data-tiles-more]"), more > 0 ? `… and ${more} more groups` : "");
  }

  leave() {}
}
