/**
 * Draws the links to a socket. They open in another tab, which cannot reach this page.
 * @module
 */

import { links } from "../fleet/addresses.js";
import { base } from "../live/base_url.js";
import { clone, part, setText } from "../ui/dom.js";

/** @typedef {import("../fleet/addresses.js").Address} Address */

/** Draw anew only what has changed: a link that has the focus keeps it. @param {HTMLElement} place @param {Address|undefined} address undefined: not known */
export function drawLinks(place, address) {
  const page = place.ownerDocument;
  const shown = address ? links(address, page.location, base) : [];
  const list = part(place, ".links");
  while (list.children.length > shown.length) list.lastElementChild?.remove();
  while (list.children.length < shown.length) list.append(clone(page, "link"));
  for (const [at, { href, text, about }] of shown.entries()) {
    const link = part(list.children[at], "a");
    if (link.getAttribute("href") !== href) link.setAttribute("href", href);
    link.title = about;
    setText(link, text);
  }
  setText(part(place, ".link-note"), address?.note ?? "");
}
