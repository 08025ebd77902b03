/**
 * The past of a service: its bars over a span that the address names, availability, latency and incidents.
 * @module
 */

import { barsText, moment, paths } from "../../fleet/history_bars.js";
import { latencyPaths, latencyText } from "../../fleet/latency_chart.js";
import { SPANS, DEFAULT_SPAN, incidents, spanOf, spanWord, uptimeText } from "../../fleet/history_text.js";
import * as api from "../../live/api.js";
import { MinutePoller } from "../../live/minute_poller.js";
import { format, withQuery } from "../../route.js";
import { drawBars } from "../../ui/bars.js";
import { clone, part, setAttribute, setText } from "../../ui/dom.js";
import { setLines } from "../../ui/dom_list.js";

/** The answer of `/api/history` for one service. @typedef {import("../../fleet/history_bars.js").Span & {services: import("../../fleet/history_bars.js").Row[], detail: any}} Answer */

export class Past {
  /** @param {HTMLElement} root @param {import("../slot.js").Outside} outside */
  constructor(root, { page, model }) {
    this.root = root;
    this.page = page;
    this.model = model;
    this.shown = "";
    this.source = new MinutePoller(() => performance.now(), api.history, (answer, error, key) => this.#show(answer, error, key));
    for (const [span, label, word] of SPANS) this.#link(span, label, word);
  }

  /** A change of its status ends or begins an incident: the past is asked for again. @param {any} record */
  draw({ id, status, changed_at: changedAt }) {
    const { place } = this.model;
    const span = spanOf(place.query);
    for (const link of this.root.querySelectorAll("[data-span]")) {
      const { span: named = "" } = /** @type {HTMLElement} */ (link).dataset;
      setAttribute(link, "href", format(withQuery(place, { span: named === DEFAULT_SPAN ? "" : named })));
      setAttribute(link, "aria-current", String(named === span));
    }
    const key = `${span} ${id}`;
    // What is shown of another service or span is not what is asked for now.
    if (this.shown !== "" && this.shown !== key) this.#show(null, "", key);
    this.source.want(this.page.hidden ? null : key, `${status} ${changedAt}`);
  }

  /** @param {string} span @param {string} label @param {string} word */
  #link(span, label, word) {
    const item = clone(this.page, "span");
    const link = part(item, "a");
    link.dataset.span = span;
    link.title = `the last ${word}`;
    setText(link, label);
    part(this.root, "[data-spans]").append(item);
  }

  /** @param {Answer|null} answer null: there is none @param {string} error @param {string} key what was asked for */
  #show(answer, error, key) {
    this.shown = key;
    const row = answer?.services[0];
    const word = spanWord(key.split(" ")[0]);
    setText(part(this.root, "[data-past-failed]"), error && `The history of this service could not be loaded: ${error}`);
    setText(part(this.root, "[data-uptime]"), answer ? uptimeText(row, answer, word) : "");
    // Before the answer they have their room already, so that nothing below them moves.
    for (const strip of this.root.querySelectorAll(".strip-of-bars")) /** @type {HTMLElement} */ (strip).hidden = error !== "";
    setText(part(this.root, "[data-from]"), answer ? moment(answer, answer.start) : "");
    setText(part(this.root, "[data-to]"), answer ? moment(answer, answer.end) : "");
    this.#bars(answer, row?.bars ?? "");
    this.#latency(answer);
    const told = answer ? incidents(answer.detail, answer, word, this.model.now, row?.bars ?? "") : { lines: [], note: "" };
    setLines(part(this.root, "[data-incidents]"), told.lines);
    setText(part(this.root, "[data-incidents-note]"), told.note);
  }

  /** @param {Answer|null} answer @param {string} bars */
  #bars(answer, bars) {
    const text = answer ? barsText(answer, bars) : "";
    drawBars(part(this.root, "[data-bars]"), bars.length, paths(bars), text);
  }

  /** @param {Answer|null} answer */
  #latency(answer) {
    const { latency_median: medians, latency_p95: p95s } = answer?.detail ?? { latency_median: [], latency_p95: [] };
    const text = answer ? latencyText(answer, medians, p95s) : "";
    drawBars(part(this.root, "[data-latency]"), medians.length, latencyPaths(medians, p95s), text);
    setText(part(this.root, "[data-latency-text]"), text);
  }
}
