/**
 * Draws a JSON value as a tree that opens step by step: what nobody opens is not drawn.
 * @module
 */

import { button, foreign, make } from "./elements.js";
import { clip, kindOf, write } from "./json_value.js";

const AT_ONCE = 100;
const MOST_TEXT = 2_000;
/** So much is open from the beginning. */
const OPEN_DEPTH = 2;
const OPEN_MEMBERS = 20;

/** @param {Document} page @param {any} value @param {string} [name] @param {number} [depth] @returns {HTMLElement} */
export function tree(page, value, name, depth = 0) {
  const kind = kindOf(value);
  const label = name === undefined ? [] : [foreign(page, name, "name"), ": "];
  if (kind !== "array" && kind !== "object") {
    return make(page, "div", { class: "leaf" }, ...label, foreign(page, clip(write(value), MOST_TEXT), `value ${kind}`));
  }
  const names = Object.keys(value);
  const [open, close] = kind === "array" ? "[]" : "{}";
  if (names.length === 0) return make(page, "div", { class: "leaf" }, ...label, open + close);
  const summary = make(page, "summary", {}, ...label, make(page, "span", { class: "size" }, `${open} ${names.length} ${close}`));
  const made = make(page, "details", { class: "node" }, summary);
  const fill = () => {
    if (made.open && made.children.length === 1) made.append(...members(page, value, names, depth + 1));
  };
  made.addEventListener("toggle", fill);
  made.open = depth < OPEN_DEPTH && names.length <= OPEN_MEMBERS;
  fill();
  return made;
}

/** @param {Document} page @param {any} value @param {string[]} names @param {number} depth @returns {HTMLElement[]} */
function members(page, value, names, depth) {
  const shown = names.slice(0, AT_ONCE).map((name) => tree(page, value[name], name, depth));
  const rest = names.slice(AT_ONCE);
  if (rest.length === 0) return shown;
  const more = button(page, `${rest.length} more`, () => more.replaceWith(...members(page, value, rest, depth)));
  return [...shown, more];
}
