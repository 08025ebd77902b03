/**
 * The causes: why services are not healthy, the worst first; one row for each reason and node.
 * @module
 */

import { format, toService, toView, withQuery } from "../route.js";
import { services } from "../fleet/headline.js";
import { exactly } from "../fleet/query.js";
import { said } from "../fleet/status.js";
import { setSince } from "../ui/age.js";
import { part, setAttribute, setLength, setMark, setText } from "../ui/dom.js";

/** @typedef {import("../fleet/cause_groups.js").Cause} Cause */

const MOST = 50;
const NAMED = 3;

export class CauseList {
  /** @param {HTMLElement} root @param {import("../fleet/page_model.js").Model} model */
  constructor(root, model) {
    this.root = root;
    this.model = model;
  }

  /** @param {number} [most] new causes at once @returns {boolean} whether all are drawn now */
  draw(most = Infinity) {
    const { index, loaded, past } = this.model;
    const causes = index.causes.list();
    const place = part(this.root, "[data-causes]");
    const shown = causes.slice(0, Math.min(MOST, place.children.length + most));
    const items = setLength(place, shown.length, "cause");
    for (const [at, cause] of shown.entries()) this.#draw(items[at], cause, past);
    const more = causes.length - MOST;
    const text = more > 0 ? `… and ${more} more causes: filter the services to find them.` : "";
    setText(part(this.root, "[data-causes-more]"), text);
    this.root.hidden = causes.length === 0 || !loaded;
    return shown.length >= Math.min(MOST, causes.length);
  }

  /** @param {HTMLElement} item @param {Cause} cause @param {boolean} past */
  #draw(item, cause, past) {
    const link = part(item, "a");
    const entries = [...cause.entries];
    link.dataset.cause = cause.key;
    setAttribute(link, "href", format(this.#target(cause)));
    link.toggleAttribute("data-filters", cause.entries.size > 1);
    setMark(link, cause.status);
    setText(part(link, ".reason"), cause.reason || said(cause.status));
    const number = entries.length;
    setText(part(link, ".name"), number > NAMED ? services(number) : entries.map(({ shown }) => shown.name).sort().join(", "));
    const where = number > NAMED ? contexts(cause) : "";
    setText(part(link, ".where"), [where, this.model.index.nodes.size > 1 ? cause.node : ""].filter(Boolean).join(" · "));
    setText(part(link, ".word"), past ? `was ${said(cause.status)} since` : `${said(cause.status)} for`);
    setSince(part(link, "time"), Number(cause.since));
  }

  /** One service is shown itself; of several the list is filtered to them. @param {Cause} cause */
  #target({ entries, status, reason, node }) {
    const { place } = this.model;
    const [first] = entries;
    if (entries.size === 1) return toService(first.shown, place);
    return withQuery(toView("fleet", place), { q: exactly(reason, { status, node }) });
  }
}

/** In which contexts the services of a cause are. @param {Cause} cause */
function contexts({ entries }) {
  const names = [...new Set([...entries].map(({ shown }) => shown.context))].sort();
  const shown = names.slice(0, NAMED).join(", ");
  return names.length > NAMED ? `${shown} and ${names.length - NAMED} more contexts` : shown;
}
