/**
 * Places in a JSON value: paths, and JSON pointers (RFC 6901). Pure.
 * @module
 */

/** @typedef {(string|number)[]} Path */

/** A name as a segment of a pointer. @param {string} name */
export const escaped = (name) => name.replaceAll("~", "~0").replaceAll("/", "~1");

/** A path as a pointer. @param {Path} path */
export const pointer = (path) => path.map((name) => `/${escaped(String(name))}`).join("");

/** A pointer's names. @param {string} text @returns {string[]} */
export const names = (text) => text.split("/").slice(1).map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"));

/** A path as a person writes it, as pets[0].name. @param {Path} path */
export function spoken(path) {
  const parts = path.map((name) => {
    if (/^\d+$/.test(String(name))) return `[${name}]`;
    return /^[\p{L}_$][\p{L}\p{N}_$-]*$/u.test(String(name)) ? `.${name}` : `[${JSON.stringify(name)}]`;
  });
  return parts.join("").replace(/^\./, "");
}
