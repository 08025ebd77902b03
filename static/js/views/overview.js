/**
 * What is seen while no service is selected: everything that is not healthy, the worst first.
 * @module
 */

import { clone, part, setMark, setText } from "./dom.js";
import { since } from "./times.js";

const SEVERITY = ["unhealthy", "inactive", "non_rpc", "degraded", "unknown"];
const MOST = 100;
const NONE = "hero_router watches its folder of sockets: a service appears here as soon as it listens.";

export class Overview {
  /** @param {Document} page @param {(id: string) => void} chosen */
  constructor(page, chosen) {
    this.page = page;
    this.chosen = chosen;
    this.root = part(page, "[data-overview]");
  }

  /** @param {any[]} shown @param {import("./store.js").Store} store @param {boolean} seen */
  render(shown, store, seen) {
    this.root.hidden = !seen;
    if (!seen) return;
    const troubled = shown.filter((one) => one.status !== "healthy").sort(bySeverity);
    setText(part(this.root, "[data-overview-title]"), title(shown.length, troubled.length, store.loaded));
    const more = troubled.length > MOST ? `The first ${MOST} are shown; the filter finds the others.` : "";
    const text = shown.length === 0 && store.loaded ? NONE : more;
    const place = part(this.root, "[data-overview-text]");
    place.hidden = text === "";
    setText(place, text);
    this.#list(troubled.slice(0, MOST), store);
  }

  /** @param {any[]} troubled @param {import("./store.js").Store} store */
  #list(troubled, store) {
    const place = part(this.root, "[data-troubles]");
    while (place.children.length > troubled.length) place.lastElementChild?.remove();
    while (place.children.length < troubled.length) place.append(this.#item());
    for (const [at, record] of troubled.entries()) {
      const button = /** @type {HTMLElement} */ (place.children[at].firstElementChild);
      button.dataset.trouble = record.id;
      setMark(button, record.status);
      setText(part(button, ".name"), record.name);
      setText(part(button, ".word"), `${record.status} for ${since(record.changed_at, store)}`);
      setText(part(button, ".reason"), record.reason);
    }
  }

  #item() {
    const item = clone(this.page, "trouble");
    const button = /** @type {HTMLElement} */ (item.firstElementChild);
    button.addEventListener("click", () => this.chosen(button.dataset.trouble ?? ""));
    return item;
  }
}

/** The worst first; of the same kind what changed last. @param {any} a @param {any} b */
function bySeverity(a, b) {
  const worse = SEVERITY.indexOf(a.status) - SEVERITY.indexOf(b.status);
  return worse || b.changed_at - a.changed_at || (a.id < b.id ? -1 : 1);
}

/** @param {number} all @param {number} troubled @param {boolean} loaded */
function title(all, troubled, loaded) {
  if (!loaded) return "Waiting for the router…";
  if (all === 0) return "No services yet";
  if (troubled === 0) return all === 1 ? "The one service is healthy" : `All ${all} services are healthy`;
  return `${troubled} of ${all} service${all === 1 ? "" : "s"} ${troubled === 1 ? "is" : "are"} not healthy`;
}
