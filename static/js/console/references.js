/**
 * Follows the references (`$ref`) of an OpenRPC document, never out of it. Pure.
 * @module
 */

import { isObject } from "./json_value.js";

const MOST_HOPS = 20;

export class References {
  /**
   * A reference is looked up in the OpenRPC document, then in the outermost schemas themselves: some
   * generators write schemas whose references hold only there.
   * @param {any} spec the OpenRPC document @param {any[]} [homes] these schemas
   */
  constructor(spec, homes = []) {
    this.roots = [spec, ...homes];
  }

  /** What a reference leads to; undefined if that is not in the document. @param {any} ref @returns {any} */
  find(ref) {
    if (typeof ref !== "string" || !/^#(?:\/|$)/.test(ref)) return undefined;
    return this.roots.map((root) => pointed(root, ref)).find((found) => found !== undefined);
  }

  /** An object itself, or the one that its `$ref` leads to; null if there is none. @param {any} value @returns {any} */
  object(value) {
    for (let hops = 0; hops < MOST_HOPS && isObject(value) && Object.hasOwn(value, "$ref"); hops += 1) value = this.find(value.$ref);
    return isObject(value) && !Object.hasOwn(value, "$ref") ? value : null;
  }

  /** The objects in a list, each itself or what its `$ref` leads to. @param {any} list @returns {any[]} */
  objects(list) {
    return Array.isArray(list) ? list.map((one) => this.object(one)).filter((one) => one !== null) : [];
  }
}

/** @param {any} root @param {string} ref @returns {any} */
function pointed(root, ref) {
  let found = root;
  for (const raw of ref.split("/").slice(1)) {
    const name = decoded(raw);
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, name)) return undefined;
    found = found[name];
  }
  return found ?? undefined;
}

/** @param {string} raw a segment of a JSON pointer in a URI fragment (RFC 6901, section 6) */
function decoded(raw) {
  try {
    return decodeURIComponent(raw).replaceAll("~1", "/").replaceAll("~0", "~");
  } catch {
    return raw;
  }
}
