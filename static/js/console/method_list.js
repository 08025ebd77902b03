/**
 * Lists the methods of a service as links.
 * @module
 */

import { foreign, make } from "./elements.js";

/** Beside the method that is shown, its neighbours are in sight. */
const NEAR_PX = 40;

/** Draw the links, all of them only if the names have changed. @param {HTMLElement} place @param {string[]} names @param {{now: string|null, href: (name: string) => string}} links `now`: the method that is shown */
export function drawMethodList(place, names, { now, href }) {
  const known = [...place.querySelectorAll("a")];
  const same = known.length === names.length && known.every((link, n) => link.textContent === names[n]);
  const links = same ? known : listed(place, names);
  for (const [n, link] of links.entries()) {
    link.href = href(names[n]);
    if (names[n] === now) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const [list, here] = [place.querySelector("ul"), links[names.indexOf(now ?? "")]];
  if (here) list?.scrollTo(here.offsetLeft - list.offsetLeft - NEAR_PX, here.offsetTop - list.offsetTop - NEAR_PX);
}

/** @param {HTMLElement} place @param {string[]} names */
function listed(place, names) {
  const page = place.ownerDocument;
  const links = names.map((name) => make(page, "a", {}, foreign(page, name)));
  place.replaceChildren(make(page, "ul", {}, ...links.map((link) => make(page, "li", {}, link))));
  return links;
}
