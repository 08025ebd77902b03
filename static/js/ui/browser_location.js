/**
 * The page's real address: what `route.js` makes of it, kept in step with the browser's history. Choosing
 * adds an entry to the history; typing changes the present one, a moment after the last key.
 * @module
 */

import { beside, format, parse } from "../route.js";

const TYPED_MS = 250;
/** What a person does with a link before the browser reads its address. */
const USES = ["click", "auxclick", "contextmenu", "dragstart"];

export class BrowserLocation {
  /** @param {Window} window @param {(place: import("../route.js").Place) => void} went called when the place changed, by a person or by the browser's history */
  constructor(window, went) {
    this.window = window;
    this.went = went;
    this.place = parse(window.location.hash);
    this.timer = 0;
    window.addEventListener("popstate", () => this.#read());
    window.addEventListener("hashchange", () => this.#read());
    for (const use of USES) window.addEventListener(use, ({ target }) => this.#update(target), true);
  }

  /** A person chose another place. @param {import("../route.js").Place} place */
  push(place) {
    this.#write();
    this.window.history.pushState(null, "", format(place));
    this.#go(place);
  }

  /** The same place is named otherwise. @param {import("../route.js").Place} place */
  replace(place) {
    this.#go(place);
    this.#write();
  }

  /** A person types: browsers limit how often an address may change. @param {import("../route.js").Place} place */
  type(place) {
    this.#go(place);
    this.window.clearTimeout(this.timer);
    this.timer = this.window.setTimeout(() => this.#write(), TYPED_MS);
  }

  /** A link may have been drawn some frames before the list was changed: it leads to the list as it is now. @param {EventTarget|null} target */
  #update(target) {
    const link = target instanceof Element && target.closest('a[href^="#/"]');
    if (link) link.setAttribute("href", format(beside(parse(link.getAttribute("href") ?? ""), this.place, link.hasAttribute("data-filters"))));
  }

  #write() {
    this.window.clearTimeout(this.timer);
    const wanted = format(this.place);
    if (this.window.location.hash !== wanted) this.window.history.replaceState(null, "", wanted);
  }

  #read() {
    this.window.clearTimeout(this.timer);
    const { hash } = this.window.location;
    if (format(this.place) !== format(parse(hash))) this.#go(parse(hash));
  }

  /** @param {import("../route.js").Place} place */
  #go(place) {
    this.place = place;
    this.went(place);
  }
}
