/**
 * Draws the links to a socket. They open in another tab, which cannot reach this page.
 * @module
 */

import { links } from "../../fleet/addresses.js";
import { base } from "../../live/base_url.js";
import { part, setAttribute, setLength, setText } from "../../ui/dom.js";

/** @typedef {import("../../fleet/addresses.js").Address} Address */

/** Draw anew only what has changed: a link that has the focus keeps it. @param {HTMLElement} place @param {Address|undefined} address undefined: not known */
export function drawLinks(place, address) {
  const page = place.ownerDocument;
  const shown = address ? links(address, page.location, base) : [];
  const items = setLength(part(place, ".links"), shown.length, "link");
  for (const [at, { href, text, about }] of shown.entries()) {
    const link = part(items[at], "a");
    setAttribute(link, "href", href);
    link.title = about;
    setText(link, text);
  }
  setText(part(place, ".link-note"), address?.note ?? "");
}
