/**
 * The links to the main views that the user may see, in the strip and at the bottom of a phone's page. They
 * keep the filter.
 * @module
 */

import { mayDo } from "../fleet/caller.js";
import { format, toView } from "../route.js";
import { clone, part, setAttribute, setText } from "../ui/dom.js";

export class MainNavigation {
  /** @param {import("./slot.js").Outside} outside @param {Readonly<Record<string, import("./slot.js").Entry>>} entries */
  constructor({ page, model }, entries) {
    this.model = model;
    const named = Object.entries(entries).filter(([, { label }]) => label !== "");
    /** @type {{view: string, right: string|undefined, item: HTMLElement, link: HTMLElement}[]} */ this.links = [];
    for (const place of page.querySelectorAll("[data-views]")) {
      for (const [view, { label, right }] of named) {
        const item = clone(page, "view-link");
        const link = part(item, "a");
        setText(link, label);
        place.append(item);
        this.links.push({ view, right, item, link });
      }
    }
  }

  draw() {
    const { place, caller } = this.model;
    for (const { view, right, item, link } of this.links) {
      item.hidden = !mayDo(caller, right);
      setAttribute(link, "href", format(toView(view, place)));
      if (place.view === view) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  }
}
