/**
 * The banner: how all services are, in one sentence, and how many have each status. Each number is a
 * button that filters everything on the page by its status.
 * @module
 */

import { headline } from "../fleet/headline.js";
import { chooses, parse, toggled } from "../fleet/query.js";
import { SEVERITY, said } from "../fleet/status.js";
import { withQuery } from "../route.js";
import { clone, part, setAttribute, setMark, setText } from "../ui/dom.js";

export class StatusSummary {
  /** @param {import("./slot.js").Outside} outside */
  constructor({ page, model, address }) {
    this.page = page;
    this.model = model;
    this.address = address;
    this.pills = new Map(SEVERITY.map((status) => [status, this.#pill(status)]));
  }

  draw() {
    const { index, loaded, filter } = this.model;
    setText(part(this.page, "[data-overview-title]"), headline(this.model));
    const bad = loaded && index.troubled > 0;
    part(this.page, "[data-banner]").dataset.health = !loaded || index.known === 0 ? "unknown" : bad ? "bad" : "well";
    const terms = parse(filter);
    for (const [status, pill] of this.pills) {
      const number = index.counts.get(status) ?? 0;
      setText(part(pill, "b"), loaded ? String(number) : "–");
      pill.classList.toggle("none", number === 0);
      setAttribute(pill, "aria-pressed", String(chooses(terms, "status", status)));
    }
  }

  /** @param {string} status */
  #pill(status) {
    const pill = clone(this.page, "count");
    pill.dataset.count = status;
    pill.title = `status:${status}`;
    setMark(pill, status);
    setText(part(pill, ".word"), said(status));
    pill.addEventListener("click", () => {
      const { place, filter } = this.model;
      this.address.push(withQuery(place, { q: toggled(filter, "status", status) }));
    });
    part(this.page, "[data-counts]").append(pill);
    return pill;
  }
}
