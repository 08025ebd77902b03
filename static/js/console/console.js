/**
 * The console: the methods of one service, from its OpenRPC document, and the one that the address names.
 * @module
 */

import { me } from "../live/api.js";
import { base } from "../live/base_url.js";
import { format, toService, withQuery } from "../route.js";
import { copyButtons } from "./copy_buttons.js";
import { button, make } from "./elements.js";
import { methodNames, methodOf } from "./method.js";
import { drawMethodList } from "./method_list.js";
import { MethodPanel } from "./method_panel.js";
import { Past } from "./call_history.js";
import { decode } from "./permalink.js";
import { References } from "./references.js";
import { documentOf, target } from "./service_document.js";
import { ValidationClient } from "./validation_client.js";

/** @typedef {import("./method.js").Method} Method */
/** @typedef {{page: Document, model: import("../fleet/page_model.js").Model, address: import("../ui/browser_location.js").BrowserLocation}} Outside */

export class Console {
  /** @param {Outside} outside */
  constructor(outside) {
    this.outside = outside;
    this.root = make(outside.page, "div", { class: "console" });
    this.list = make(outside.page, "nav", { class: "method-list", "aria-label": "Methods" });
    this.note = make(outside.page, "p", { class: "note", role: "status" });
    this.place = make(outside.page, "div", { class: "method-place" });
    this.root.append(this.list, make(outside.page, "div", {}, this.note, this.place));
    this.validator = new ValidationClient();
    this.past = new Past(storage(outside.page), `hero_router.console:${new URL(base).pathname}`);
    /** @type {any[]} */ this.batch = [];
    /** Of which service, and of which document, the methods are. */ this.shown = "";
    this.loaded = "";
    /** @type {any} */ this.spec = null;
    /** @type {string[]} */ this.names = [];
    /** @type {MethodPanel|null} */ this.panel = null;
    /** Which method the panel is for. */ this.drawn = "";
    /** What this page itself wrote into the address. */ this.own = "";
    this.signsIn = false;
    void me().then((who) => (this.signsIn = who?.open === false), () => {});
    void this.validator.warm().catch(() => {});
  }

  draw() {
    const { chosen } = this.outside.model;
    if (!chosen) return;
    const wanted = `${chosen.id} ${chosen.document}`;
    if (wanted !== this.shown) void this.#load(chosen, wanted);
    else if (this.loaded === wanted) this.#drawMethod(chosen);
  }

  leave() {
    this.panel?.leave();
    this.panel = null;
    void this.validator.close();
  }

  /** @param {any} record @param {string} wanted */
  async #load(record, wanted) {
    const another = !this.shown.startsWith(`${record.id} `);
    this.shown = wanted;
    this.loaded = "";
    if (another) this.#clear();
    this.note.textContent = another ? "Waiting for the service's document…" : "The service has a new document.";
    const { spec, why, retry } = await documentOf(record);
    if (this.shown !== wanted) return;
    this.loaded = wanted;
    this.spec = spec;
    this.names = spec ? methodNames(spec) : record.methods;
    this.note.textContent = why || (another ? "" : "The service has a new document: the form is of the new one.");
    if (retry) this.note.append(" ", button(this.outside.page, "try again", () => this.#load(record, wanted)));
    this.drawn = "";
    this.#drawMethod(record);
  }

  /** Another service: nothing of the one before stays. */
  #clear() {
    this.batch.length = 0;
    this.panel?.leave();
    this.panel = null;
    this.place.replaceChildren();
  }

  /** @param {any} record */
  #drawMethod(record) {
    const { model } = this.outside;
    const { method: name, query } = model.place;
    const key = JSON.stringify([this.shown, name]);
    if (this.drawn !== key) {
      const kept = this.panel?.method.name === name ? this.panel.filled : null;
      this.panel?.leave();
      this.drawn = key;
      drawMethodList(this.list, this.names, { now: name, href: (method) => format({ ...toService(record, model.place, "methods"), method }) });
      const method = name === null ? null : this.#method(name);
      this.panel = method && new MethodPanel(this.#around(record, method), method, kept ?? decode(query.p ?? ""));
      this.place.replaceChildren(...(this.panel ? [this.panel.root] : [this.#hint(name)]));
    } else if (this.panel && (query.p ?? "") !== this.own) {
      this.own = query.p ?? "";
      this.panel.fill(decode(this.own));
    } else this.panel?.draw();
  }

  /** A method that the document does not describe may be called with any parameters. @param {string} name @returns {Method} */
  #method(name) {
    const bare = { name, summary: "", description: "", deprecated: false, params: null, structure: /** @type {const} */ ("either"), result: null, errors: [], examples: [], references: new References(null) };
    return (this.spec && methodOf(this.spec, name)) ?? bare;
  }

  /** @param {string|null} name */
  #hint(name) {
    const text = name === null && this.names.length > 0 ? "Choose a method." : "No methods are known.";
    return make(this.outside.page, "p", { class: "empty" }, text);
  }

  /** The name of a service for a command line: its id where others have its name. @param {any} record @returns {string} */
  #called({ name, id }) {
    const named = [...this.outside.model.index.entries.values()].filter(({ shown }) => shown.name === name);
    return named.length < 2 ? name : id;
  }

  /** @param {any} record @param {Method} method @returns {import("./method_panel.js").Around} */
  #around(record, method) {
    const { page, model, address } = this.outside;
    const { validator, past, batch } = this;
    const at = () => target(model.chosen, model.details);
    return {
      page, validator, past, batch,
      key: JSON.stringify([record.context, record.name, method.name]),
      target: at,
      methodOf: (name) => this.#method(name),
      filled: (text) => {
        this.own = text;
        if ((model.place.query.p ?? "") !== text) address.type(withQuery(model.place, { p: text }));
      },
      copies: (request) => copyButtons(page, request, () => ({ url: at().url, router: base.replace(/\/$/, ""), service: this.#called(record), signsIn: this.signsIn })),
    };
  }
}

/** @param {Document} page @returns {Storage|null} null: the browser forbids it */
function storage(page) {
  try {
    return page.defaultView?.localStorage ?? null;
  } catch {
    return null;
  }
}
