/**
 * A request while a person writes it: one value, shown as a form and as JSON text, of which either may be
 * edited; the other follows as soon as what was typed is a value. Pure.
 * @module
 */

import { blank } from "./initial_value.js";
import { Unreadable, fill, read } from "./form_values.js";
import { NotJson, parse, where } from "./json_text.js";
import { isObject, same, write } from "./json_value.js";
import { firstParams, paramsSchema } from "./method.js";
import { pointer } from "./json_pointer.js";
import { formParams, isByPosition, makeRequest, sentParams } from "./request.js";
import { Schemas } from "./schema.js";
import { withoutSecrets } from "./secrets.js";

/** @typedef {import("./method.js").Method} Method */
/** @typedef {import("./request.js").Way} Way */
/** @typedef {import("./permalink.js").Filled} Filled */
/** Why the two sides differ at present. @typedef {{side: "form"|"json", path: import("./json_pointer.js").Path, text: string}} Fault */

const NO_WAY = { byPosition: false, notification: false };

/** Whether parameters can be shown: those of an address may be anything. @param {Method} method @param {any} params */
const isNamed = ({ params: known }, params) => (known === null ? typeof params === "object" : isObject(params));

export class RequestDraft {
  /** @param {Method} method @param {Filled|null} [given] null, or no parameters: the form begins with the defaults of the required ones */
  constructor(method, given = null) {
    const filled = given && isNamed(method, given.params) ? given : null;
    this.method = method;
    this.schemas = new Schemas(method.references);
    this.schema = paramsSchema(method);
    /** @type {Way} */ this.way = filled ? { byPosition: filled.byPosition, notification: filled.notification } : NO_WAY;
    /** @type {any} by name, whichever way it is sent */ this.value = filled ? filled.params : firstParams(method, (schema) => this.#certain(schema));
    /** @type {Fault|null} */ this.fault = null;
    this.form = fill(this.schemas, this.schema, this.value);
    /** Whether the form shows what is no value, so that it has to be drawn anew before it follows the text. */ this.isBehind = false;
    this.text = "";
    this.#write();
  }

  /** The value that a required parameter has if nobody says otherwise. @param {any} schema */
  #certain(schema) {
    const shape = this.schemas.shape(schema);
    const certain = Object.hasOwn(shape.flat, "default") || ["object", "array"].includes(shape.kind) || (shape.kind === "choice" && shape.options.length === 1);
    return certain ? blank(this.schemas, schema) : undefined;
  }

  /** Replace all parameters, as by an example. @param {any} value by name */
  set(value) {
    this.value = value;
    this.#fill();
    this.#write();
  }

  /** The form was edited. */
  formChanged() {
    try {
      this.isBehind = true;
      this.value = read(this.form);
      this.isBehind = false;
      this.#write();
    } catch (error) {
      this.#fail("form", error);
    }
  }

  /** The JSON text was edited. @param {string} text @returns {boolean} whether the form has to be drawn anew */
  textChanged(text) {
    this.text = text;
    try {
      const value = formParams(this.method, text.trim() === "" ? this.#empty() : parse(text), this.way);
      this.fault = null;
      if (same(value, this.value) && !this.isBehind) return false;
      this.value = value;
      this.#fill();
      return true;
    } catch (error) {
      this.#fail("json", error);
      return false;
    }
  }

  /** Send otherwise. @param {Partial<Way>} way */
  go(way) {
    this.way = { ...this.way, ...way };
    if (this.fault?.side === "json") this.textChanged(this.text);
    else this.formChanged();
  }

  /** The line of the JSON text where a value is, or what it is missing in; null while the text is behind. @param {import("./json_pointer.js").Path} path in the form's value */
  lineOf(path) {
    if (this.fault || this.text.trim() === "") return null;
    /** @type {Map<string, number>} */ const places = new Map();
    parse(this.text, places);
    const listed = this.method.params !== null && isByPosition(this.method, this.way);
    const steps = listed ? path.map((step, n) => (n === 0 ? (this.method.params ?? []).findIndex(({ name }) => name === step) : step)) : path;
    for (let length = steps.length; length >= 0; length -= 1) {
      const at = places.get(pointer(steps.slice(0, length)));
      if (at !== undefined) return where(this.text, at).line;
    }
    return null;
  }

  /** What may be kept and shared of the value, and where it has secrets. */
  get kept() {
    return withoutSecrets(this.method.references, this.schema, this.value);
  }

  /** The request as it would be sent now. Throws Unreadable while there is a fault. @param {number} id */
  request(id) {
    if (this.fault) throw new Unreadable(this.fault.path, this.fault.text);
    return makeRequest(this.method, sentParams(this.method, this.value, this.way), this.way, id);
  }

  #fill() {
    this.form = fill(this.schemas, this.schema, this.value);
    this.isBehind = false;
  }

  #empty() {
    return isByPosition(this.method, this.way) && this.method.params ? [] : Object.create(null);
  }

  #write() {
    try {
      this.text = write(sentParams(this.method, this.value, this.way), 2);
      this.fault = null;
    } catch (error) {
      this.#fail("form", error);
    }
  }

  /** @param {"form"|"json"} side @param {unknown} error */
  #fail(side, error) {
    if (error instanceof NotJson) {
      const { line, column } = where(this.text, error.at);
      this.fault = { side, path: [], text: `line ${line}, column ${column}: ${error.message}` };
    } else if (error instanceof Unreadable) this.fault = { side, path: error.path, text: error.message };
    else throw error;
  }
}
