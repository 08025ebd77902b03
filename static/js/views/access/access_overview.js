/**
 * Who may do what, the ways to get access that the settings allow, and recent wrong tokens.
 * @module
 */

import { EXTENTS } from "../../fleet/caller_text.js";
import { same } from "../../fleet/terminal.js";
import { lasting } from "../../fleet/times.js";
import { drawCommands } from "../../ui/copyable_commands.js";
import { part, setLength, setText } from "../../ui/dom.js";
import { setLines } from "../../ui/dom_list.js";
import { AccessPart } from "./part.js";

/** @typedef {{name: string, what: string, extents: Record<string, keyof typeof EXTENTS>}} RightOfAll */
/** @typedef {{name: string, what: string, on: boolean, settings: string[], lines: string[]}} Way */
/** @typedef {{address: string, wrong: number, seconds_ago: number, wait_seconds: number}} Tries */

export class AccessOverview extends AccessPart {
  /** @param {HTMLElement} root */
  constructor(root) {
    super(root, "ways of access");
  }

  /** @param {PromiseSettledResult<any>} answer */
  show(answer) {
    const told = this.taken(answer);
    if (told === null) return;
    this.#ways(told.ways);
    this.#rights(told.rights);
    drawCommands(part(this.root, "[data-commands]"), [same("hero_router config")]);
    setText(part(this.root, "[data-worker]"), told.worker);
    part(this.root, "[data-no-tries]").hidden = told.tries.length > 0;
    setLines(part(this.root, "[data-tries]"), told.tries.map(tried));
  }

  /** @param {Way[]} ways */
  #ways(ways) {
    const items = setLength(part(this.root, "[data-ways]"), ways.length, "way");
    for (const [at, { what, on, settings, lines }] of ways.entries()) {
      items[at].toggleAttribute("data-on", on);
      setText(part(items[at], ".what"), what);
      setText(part(items[at], ".state"), on ? "on" : "off");
      setLines(part(items[at], "ul"), lines);
      setText(part(items[at], ".settings"), settings.join(", "));
    }
  }

  /** @param {RightOfAll[]} rights */
  #rights(rights) {
    const callers = Object.keys(rights[0]?.extents ?? {});
    fill(part(this.root, "[data-callers]"), ["may", ...callers]);
    const rows = setLength(part(this.root, "[data-rights] tbody"), rights.length, "right-row");
    for (const [at, { what, extents }] of rights.entries()) fill(rows[at], [what, ...callers.map((who) => EXTENTS[extents[who]])]);
  }
}

/** @param {HTMLElement} row @param {string[]} texts */
function fill(row, texts) {
  for (const [at, text] of texts.entries()) setText(row.children[at], text);
}

/** @param {Tries} tries */
function tried({ address, wrong, seconds_ago: ago, wait_seconds: wait }) {
  const tokens = wrong === 1 ? "1 wrong token" : `${wrong} wrong tokens`;
  return `${address}: ${tokens} within the last ${lasting(ago * 1000)}${wait > 0 ? `; it has to wait ${wait} s` : ""}`;
}
