/**
 * The controls of a form for single values. Each tells what it holds whenever a person changes it; where
 * the value may be left out, null.
 * @module
 */

import { make } from "./elements.js";
import { clip, write } from "./json_value.js";

/** @typedef {import("./form_values.js").Field} Field */
/** @typedef {import("./schema.js").Shape} Shape */
/**
 * `field`: null while the value is left out; `optional`: it may be. `set` gets the new field.
 * @typedef {{
 *   page: Document, shape: Shape, field: Field|null, optional: boolean,
 *   secret: boolean, id: string, described: string, set: (field: Field|null) => void,
 * }} Control
 */

const NOT_SENT = "not sent";

/** The control of a single value; null: the shape consists of parts. @param {Control} control @returns {HTMLElement|null} */
export function input(control) {
  const { field, shape } = control;
  const kind = field?.kind ?? shape.kind;
  if (kind === "text") return text(control);
  if (kind === "number") return number(control);
  if (kind === "json") return json(control);
  if (kind === "choice" || kind === "boolean") return select(control);
  if (kind === "null" && !control.optional) return make(control.page, "code", { id: control.id }, "null");
  return null;
}

/** @param {Control} control */
const common = ({ id, described }) => ({ id, "aria-describedby": described, autocomplete: "off", spellcheck: "false" });

/** @param {any} value of a schema, as its example */
const placeholder = (value) => (value === undefined ? "" : clip(typeof value === "string" ? value : write(value), 60));

/** @param {Control} control */
const hinted = ({ shape: { flat } }) => placeholder(flat.default ?? (Array.isArray(flat.examples) ? flat.examples[0] : undefined));

/** @param {Control} control */
function text(control) {
  const { page, field, secret, set } = control;
  const shape = /** @type {import("./schema.js").Plain} */ (field?.shape ?? control.shape);
  const changed = (/** @type {Event} */ event) => set({ kind: "text", shape, text: /** @type {HTMLTextAreaElement} */ (event.target).value });
  // A password field would take the line ends out of a key.
  const look = secret ? { class: "secret", autocapitalize: "off" } : { placeholder: hinted(control) };
  const made = make(page, "textarea", { ...common(control), rows: "1", ...look, input: changed });
  made.value = field?.kind === "text" ? field.text : "";
  return made;
}

/** @param {Control} control */
function number(control) {
  const { page, field, optional, set } = control;
  const shape = /** @type {import("./schema.js").Plain} */ (field?.shape ?? control.shape);
  const changed = (/** @type {Event} */ event) => {
    const { value } = /** @type {HTMLInputElement} */ (event.target);
    set(optional && value.trim() === "" ? null : { kind: "number", shape, text: value });
  };
  const made = make(page, "input", { ...common(control), inputmode: "decimal", placeholder: hinted(control), input: changed });
  made.value = field?.kind === "number" ? field.text : "";
  return made;
}

/** @param {Control} control */
function json(control) {
  const { page, field, optional, shape, set } = control;
  const changed = (/** @type {Event} */ event) => {
    const { value } = /** @type {HTMLTextAreaElement} */ (event.target);
    set(optional && value.trim() === "" ? null : { kind: "json", shape, text: value, unfit: field?.kind === "json" && field.unfit });
  };
  const made = make(page, "textarea", { ...common(control), class: "code", rows: "2", placeholder: hinted(control) || "JSON", input: changed });
  made.value = field?.kind === "json" ? field.text : "";
  return made;
}

/** @param {Control} control */
function select(control) {
  const { page, field, optional, set } = control;
  const shape = field?.kind === "choice" ? field.shape : control.shape;
  /** @type {{label: string, field: Field}[]} */
  const options = shape.kind === "choice"
    ? shape.options.map(({ label, value }, chosen) => ({ label: label ?? clip(typeof value === "string" ? value : write(value), 80), field: { kind: "choice", shape, chosen } }))
    : [true, false].map((on) => ({ label: String(on), field: { kind: "boolean", shape: /** @type {import("./schema.js").Plain} */ (shape), on } }));
  const changed = (/** @type {Event} */ event) => {
    const { value } = /** @type {HTMLSelectElement} */ (event.target);
    set(value === "" ? null : options[Number(value)].field);
  };
  const made = make(page, "select", { ...common(control), change: changed });
  if (optional || field === null) made.append(make(page, "option", { value: "" }, hinted(control) ? `${NOT_SENT} (default ${hinted(control)})` : NOT_SENT));
  made.append(...options.map(({ label }, n) => make(page, "option", { value: String(n) }, label)));
  const now = field?.kind === "boolean" ? Number(!field.on) : field?.kind === "choice" ? field.chosen : "";
  made.value = String(now);
  return made;
}
