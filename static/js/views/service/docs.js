/**
 * The OpenRPC document of a service as text: what it is about, its methods, their parameters and results.
 * @module
 */

import { outline } from "../../fleet/openrpc_outline.js";
import { openrpc } from "../../live/api.js";
import { format, toService } from "../../route.js";
import { clone, part, setAttribute, setLength, setText } from "../../ui/dom.js";

/** @typedef {import("../../fleet/openrpc_outline.js").Value} Value */
/** @typedef {import("../slot.js").View} View */

const MOST_METHODS = 200;
const MOST_CHARACTERS = 4_000_000;

/** @implements {View} */
export class DocsTab {
  /** @param {import("../slot.js").Outside} outside */
  constructor({ page, model }) {
    this.model = model;
    this.needs = /** @type {const} */ (["service"]);
    this.body = clone(page, "docs");
    /** What was asked for: the service and the digest of its document. */ this.asked = "";
  }

  title() {
    return "docs";
  }

  /** @param {HTMLElement} root */
  mount(root) {
    root.append(this.body);
  }

  draw() {
    const record = this.model.chosen;
    if (record === null || this.asked === `${record.id} ${record.document ?? ""}`) return;
    this.asked = `${record.id} ${record.document ?? ""}`;
    this.#show(null, record.document ? "Loading…" : "The service has no OpenRPC document.");
    if (record.document) void this.#load(record, this.asked);
  }

  leave() {
    this.asked = "";
  }

  /** @param {any} record @param {string} asked */
  async #load(record, asked) {
    /** @type {[import("../../fleet/openrpc_outline.js").Outline|null, string]} */
    let told;
    try {
      const text = await openrpc(record.id);
      told = text.length > MOST_CHARACTERS ? [null, "The document is too large for this page."] : [outline(JSON.parse(text)), ""];
    } catch (error) {
      told = [null, `The document could not be loaded: ${error instanceof Error ? error.message : error}`];
    }
    if (asked === this.asked) this.#show(...told);
  }

  /** @param {import("../../fleet/openrpc_outline.js").Outline|null} spec @param {string} why there is none */
  #show(spec, why) {
    setText(part(this.body, ".empty"), why);
    setText(part(this.body, "h3 bdi"), spec?.title ?? "");
    setText(part(this.body, ".description bdi"), spec?.about ?? "");
    const all = spec?.methods ?? [];
    const shown = all.slice(0, MOST_METHODS);
    const items = setLength(part(this.body, "[data-docs]"), shown.length, "doc-method");
    for (const [at, method] of shown.entries()) this.#method(items[at], method);
    const more = all.length - shown.length;
    setText(part(this.body, "[data-docs-more]"), more > 0 ? `… and ${more} more methods: the tab Methods lists all.` : "");
  }

  /** @param {HTMLElement} item @param {import("../../fleet/openrpc_outline.js").Method} method */
  #method(item, { name, about, deprecated, params, result, errors }) {
    const { chosen, place } = this.model;
    const link = part(item, "h4 a");
    setText(part(link, "bdi"), name);
    if (chosen) setAttribute(link, "href", format({ ...toService(chosen, place, "methods"), method: name }));
    setText(part(item, ".about"), about);
    part(item, ".deprecated").hidden = !deprecated;
    const values = [...params, ...(result ? [{ ...result, name: "returns" }] : [])];
    const rows = setLength(part(item, "dl"), values.length, "doc-value");
    for (const [at, value] of values.entries()) drawValue(rows[at], value, at >= params.length);
    setText(part(item, ".errors"), errors.length > 0 ? `Errors: ${errors.join("; ")}` : "");
  }
}

/** @param {HTMLElement} row @param {Value} value @param {boolean} isResult */
function drawValue(row, { name, required, type, about, schema }, isResult) {
  row.toggleAttribute("data-result", isResult);
  setText(part(row, "dt bdi"), name);
  setText(part(row, ".need"), isResult ? "" : required ? "required" : "optional");
  setText(part(row, ".type"), type);
  setText(part(row, ".about"), about);
  part(row, "details").hidden = schema === "";
  setText(part(row, "code"), schema);
}
