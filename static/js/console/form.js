/**
 * Draws a form for the parameters of a method: labels, controls, and beside each what is wrong with it. A
 * control is replaced only where the structure changes, so that focus and selection survive typing.
 * @module
 */

import { begun } from "./initial_value.js";
import { button, firstControl, foreign, make, newId, prose } from "./elements.js";
import { parts } from "./compound_fields.js";
import { hint } from "./hints.js";
import { input } from "./inputs.js";
import { isSecret } from "./secrets.js";

/** @typedef {import("./form_values.js").Field} Field */
/**
 * One value in the form. `step` is its name or number in what it is a part of; `optional`: it may be left
 * out; `secret`: it is a part of a secret; `set` puts a new field in its place; `remove`: a person may take it away.
 * @typedef {{
 *   step: string, label: string, schema: any, field: Field|null, required?: boolean, optional: boolean, secret?: boolean,
 *   set: (field: Field|null) => void, remove?: () => void,
 * }} Slot
 */
/** Finds what gets the focus after a part was drawn anew. @typedef {(root: HTMLElement) => HTMLElement|null|undefined} Focus */

const CHECKED = ["text", "null", "object", "array", "union"];
const PARTED = ["object", "array", "union"];

export class Form {
  /** @param {Document} page @param {import("./schema.js").Schemas} schemas @param {() => void} changed a person changed a value */
  constructor(page, schemas, changed) {
    this.page = page;
    this.schemas = schemas;
    this.changed = changed;
  }

  /** One value with its label. @param {Slot} slot @returns {HTMLElement} */
  slot(slot) {
    const root = make(this.page, "div", { class: "field", "data-step": slot.step });
    this.#draw(root, slot, { id: newId(), field: slot.field });
    return root;
  }

  /** @param {HTMLElement} root @param {Slot} slot @param {{id: string, field: Field|null}} state */
  #draw(root, slot, state) {
    const { page, schemas } = this;
    const { flat, kind: asked } = schemas.shape(slot.schema);
    const secret = slot.secret || isSecret(schemas.references, slot.step, [slot.schema]);
    const { id } = state;
    const kind = state.field?.kind ?? asked;
    const described = `${id}-about ${id}-wrong`;
    const set = (/** @type {Field|null} */ field) => {
      state.field = field;
      slot.set(field);
      if (check) check.checked = field !== null;
      this.changed();
    };
    const redraw = (/** @type {Field|null} */ field, /** @type {Focus} */ focus = () => null) => {
      set(field);
      this.#draw(root, slot, state);
      focus(root)?.focus();
    };
    const check = slot.optional && CHECKED.includes(kind) ? this.#check(slot, state, asked === "text", set, redraw) : null;
    const control = input({ page, shape: schemas.shape(slot.schema), field: state.field, optional: slot.optional, secret, id, described, set });
    const whole = control === null && PARTED.includes(kind);
    root.toggleAttribute("data-whole", whole);
    if (whole) root.setAttribute("aria-labelledby", `${id}-label`);
    root.setAttribute("role", whole ? "group" : "presentation");
    const pressed = control ? id : check?.id;
    const name = make(page, pressed ? "label" : "span", { id: `${id}-label`, for: pressed }, foreign(page, slot.label));
    const head = make(page, "div", { class: "field-head" }, ...(check ? [check] : []), name);
    if (slot.required) head.append(make(page, "abbr", { title: "required" }, "*"));
    head.append(foreign(page, hint(flat), "hint"));
    if (slot.remove) head.append(button(page, "remove", slot.remove, { "aria-label": `remove ${slot.label}` }));
    const below = control ? [control] : state.field ? parts(this, { ...slot, field: state.field, secret }, set, redraw) : [];
    const about = prose(page, typeof flat.description === "string" ? flat.description : "", { class: "about", id: `${id}-about` });
    const wrong = make(page, "p", { class: "wrong", id: `${id}-wrong`, hidden: true });
    root.replaceChildren(head, about, ...below, ...this.#unfit(slot, state.field, redraw), wrong);
  }

  /** Whether a value is sent at all. @param {Slot} slot @param {{id: string, field: Field|null}} state @param {boolean} typed @param {(field: Field|null) => void} set @param {(field: Field|null) => void} redraw */
  #check(slot, state, typed, set, redraw) {
    const change = () => {
      if (!check.checked) redraw(null);
      else redraw(begun(this.schemas, slot.schema));
      if (typed && check.checked) this.page.getElementById(state.id)?.focus();
      else this.page.getElementById(`${state.id}-check`)?.focus();
    };
    const check = make(this.page, "input", { type: "checkbox", id: `${state.id}-check`, "aria-label": `send ${slot.label}`, title: "send this parameter", change });
    check.checked = state.field !== null;
    return check;
  }

  /** @param {Slot} slot @param {Field|null} field @param {(field: Field|null, focus: Focus) => void} redraw */
  #unfit(slot, field, redraw) {
    if (field?.kind !== "json" || !field.unfit) return [];
    const use = button(this.page, "use the form", () => redraw(begun(this.schemas, slot.schema), firstControl));
    return [make(this.page, "p", { class: "note" }, "This value is not of the kind that the schema asks for, so it is shown as JSON. ", use)];
  }
}
