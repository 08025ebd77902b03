/**
 * The last hour of all services that match the filter, as one bar chart: each minute shows the worst status
 * in it.
 * @module
 */

import { barsText, moment, paths } from "../fleet/history_bars.js";
import { worstOf } from "../fleet/hour.js";
import { services } from "../fleet/headline.js";
import { drawBars } from "../ui/bars.js";
import { part, setText } from "../ui/dom.js";

export class LastHour {
  /** @param {HTMLElement} root @param {import("../fleet/page_model.js").Model} model */
  constructor(root, model) {
    this.root = root;
    this.model = model;
  }

  draw() {
    const { hour, index } = this.model;
    const { span, error } = hour;
    const shown = index.groups.all.flatMap(({ entries }) => entries.map(({ shown: { id } }) => hour.bars.get(id) ?? "")).filter(Boolean);
    const bars = worstOf(shown);
    const picture = part(this.root, ".bars");
    // Before it is known it has its room already, so that nothing below it moves.
    this.root.hidden = span !== null && shown.length === 0;
    picture.toggleAttribute("hidden", error !== "");
    setText(part(this.root, "[data-hour-of]"), span ? `the worst of ${services(shown.length)} in each minute` : "");
    setText(part(this.root, "[data-hour-failed]"), error && `The last hour could not be loaded: ${error}`);
    setText(part(this.root, "[data-from]"), span ? moment(span, span.start) : "");
    setText(part(this.root, "[data-to]"), span ? moment(span, span.end) : "");
    drawBars(picture, bars.length, paths(bars), span ? barsText(span, bars) : "");
  }
}
