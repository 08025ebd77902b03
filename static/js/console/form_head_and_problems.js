/**
 * The texts around a method's form: what the method does, and what is wrong with what was typed.
 * @module
 */

import { foreign, make, prose, sendButton } from "./elements.js";
import { spoken } from "./json_pointer.js";

/** @param {Document} page @param {import("./method.js").Method} method @returns {HTMLElement[]} */
export function methodHead(page, { name, summary, description, deprecated }) {
  const about = [summary, description === summary ? "" : description].filter(Boolean).map((text) => prose(page, text, { class: "description" }));
  const old = deprecated ? [make(page, "p", { class: "wrong" }, "The service's document calls this method deprecated.")] : [];
  return [make(page, "h3", {}, foreign(page, name)), ...about, ...old];
}

/** `line`: where it is in the JSON text, if that is known. @typedef {import("./validation_problems.js").Problem & {line: number|null}} Lined */

/**
 * @param {Document} page @param {Lined[]} problems @param {string[]} notes
 * @param {(() => void)|null} anyway sends it all the same; null: that is not offered @returns {HTMLElement[]}
 */
export function verdict(page, problems, notes, anyway) {
  const line = (/** @type {string} */ text, /** @type {string} */ look) => make(page, "li", { class: look }, foreign(page, text));
  const wrong = problems.map(({ path, text, line: at }) => line(`${spoken(path) || "the parameters"} ${text}${at === null ? "" : `, line ${at} of the JSON`}`, "wrong"));
  const list = make(page, "ul", { class: "problems" }, ...wrong, ...notes.map((note) => line(note, "soft")));
  return anyway ? [list, sendButton(page, "send anyway", anyway)] : [list];
}
