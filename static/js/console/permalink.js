/**
 * A filled form as a part of an address (`?p=`): JSON in base64url (RFC 4648, section 5). Pure.
 * @module
 */

import { parse } from "./json_text.js";
import { isObject, objectOf, write } from "./json_value.js";

/** @typedef {{params: any, byPosition: boolean, notification: boolean}} Filled */

/** Browsers and servers cut longer addresses. */
export const MOST_CHARACTERS = 16_000;

/** @param {Filled} filled @returns {string|null} null: it is too long for an address */
export function encode({ params, byPosition, notification }) {
  const ways = [byPosition && "position", notification && "notification"].filter(Boolean);
  const bytes = new TextEncoder().encode(write(objectOf([["params", params], ["ways", ways]])));
  if (bytes.length > MOST_CHARACTERS) return null;
  const text = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** @param {string} text @returns {Filled|null} null: it is damaged */
export function decode(text) {
  try {
    const raw = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    const found = parse(new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(raw, (each) => each.charCodeAt(0))));
    if (!isObject(found) || !Array.isArray(found.ways) || found.params === undefined) return null;
    return { params: found.params, byPosition: found.ways.includes("position"), notification: found.ways.includes("notification") };
  } catch {
    return null;
  }
}
