/**
 * The overview, shown while no service is selected: all services that are known not to be healthy, the
 * worst first.
 * @module
 */

import { clock, lasting } from "../fleet/times.js";
import { clone, part, setMark, setText } from "../ui/dom.js";
import { Ignored } from "./ignored.js";

/** @typedef {import("../fleet/viewmodel.js").Fleet} Fleet */
/** @typedef {import("../live/freshness.js").Freshness} Freshness */

const SEVERITY = ["unhealthy", "inactive", "non_rpc", "degraded", "unknown"];
const MOST = 100;
const NONE = "A service appears here as soon as it listens on a socket in the socket folder (ROUTER_SOCKET_DIR).";

export class Overview {
  /** @param {Document} page @param {(id: string) => void} chosen */
  constructor(page, chosen) {
    this.page = page;
    this.chosen = chosen;
    this.root = part(page, "[data-overview]");
    this.ignored = new Ignored(page);
  }

  /** @param {Fleet} fleet @param {import("../live/store.js").Store} store @param {Freshness} fresh @param {boolean} seen */
  render(fleet, store, fresh, seen) {
    this.root.hidden = !seen;
    if (!seen) return;
    const troubled = [...fleet.troubled].sort(bySeverity);
    setText(part(this.root, "[data-overview-title]"), title(fleet, store.loaded, fresh));
    const more = troubled.length > MOST ? `Only the first ${MOST} are shown here; use the filter to find the others.` : "";
    const text = fleet.all.length === 0 && store.loaded ? NONE : more;
    const place = part(this.root, "[data-overview-text]");
    place.hidden = text === "";
    setText(place, text);
    this.#list(troubled.slice(0, MOST), fleet, fresh);
    this.ignored.render(store.nodes);
  }

  /** @param {any[]} troubled @param {Fleet} fleet @param {Freshness} fresh */
  #list(troubled, { now }, { trust }) {
    const place = part(this.root, "[data-troubles]");
    while (place.children.length > troubled.length) place.lastElementChild?.remove();
    while (place.children.length < troubled.length) place.append(this.#item());
    for (const [at, record] of troubled.entries()) {
      const button = /** @type {HTMLElement} */ (place.children[at].firstElementChild);
      const { status, changed_at: since } = record;
      button.dataset.trouble = record.id;
      setMark(button, status);
      setText(part(button, ".name"), record.name);
      const word = trust === "none" ? `was ${status} since ${clock(since)}` : `${status} for ${lasting(now - since)}`;
      setText(part(button, ".word"), word);
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

/** Order: the worst status first; of equal statuses the last changed service first. @param {any} a @param {any} b */
function bySeverity(a, b) {
  const worse = SEVERITY.indexOf(a.status) - SEVERITY.indexOf(b.status);
  return worse || b.changed_at - a.changed_at || (a.id < b.id ? -1 : 1);
}

/** One sentence about all services; in the past tense while the page may be out of date. @param {Fleet} fleet @param {boolean} loaded @param {Freshness} fresh */
function title({ all, known, troubled }, loaded, { trust, state }) {
  if (!loaded) return "Waiting for the router…";
  const past = trust === "none";
  const at = past && state.asOf !== null ? ` at ${clock(state.asOf)}` : "";
  if (all.length === 0) return past ? `There were no services${at}` : "No services yet";
  const lost = all.length - known.length;
  const more = lost === 0 ? "" : `; the status of ${lost} more is not known`;
  if (known.length === 0) return `The status of ${lost === 1 ? "the one service" : `all ${services(lost)}`} is not known`;
  return `${sentence(known.length, troubled.length, past)}${at}${more}`;
}

/** @param {number} known @param {number} troubled @param {boolean} past */
function sentence(known, troubled, past) {
  const be = (/** @type {number} */ number) => (past ? (number === 1 ? "was" : "were") : number === 1 ? "is" : "are");
  if (troubled > 0) return `${troubled} of ${services(known)} ${be(troubled)} not healthy`;
  return known === 1 ? `The one service ${be(1)} healthy` : `All ${known} services ${be(known)} healthy`;
}

/** @param {number} number */
const services = (number) => `${number} service${number === 1 ? "" : "s"}`;
