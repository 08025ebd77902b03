/**
 * The parts of a form that consist of other parts: members of an object, items of a list, alternatives.
 * @module
 */

import { begun } from "./initial_value.js";
import { button, firstControl, make, newId } from "./elements.js";
import { fill, memberSchema, read } from "./form_values.js";
import { fits } from "./schema_match.js";
import { branchLabel } from "./hints.js";
import { write } from "./json_value.js";
import { itemSchema } from "./schema.js";

/** @typedef {import("./form_values.js").Field} Field */
/** @typedef {import("./form_values.js").ObjectField} ObjectField */
/** @typedef {import("./form_values.js").ArrayField} ArrayField */
/** @typedef {import("./form_values.js").UnionField} UnionField */
/** @typedef {import("./form.js").Form} Form */
/** @typedef {import("./form.js").Slot & {field: Field}} Whole */
/** Draws the part anew, with its new structure. @typedef {(field: Field, focus?: import("./form.js").Focus) => void} Redraw */

/** @type {import("./form.js").Focus} */
const newest = (root) => firstControl([...root.querySelectorAll(":scope > .parts > .field")].at(-1));
/** @type {import("./form.js").Focus} */
const adding = (root) => root.querySelector(":scope > .parts > button, :scope > .parts > .adder > input");

/** @param {Form} form @param {Whole} slot @param {(field: Field) => void} set @param {Redraw} redraw @returns {HTMLElement[]} */
export function parts(form, slot, set, redraw) {
  const { field } = slot;
  if (field.kind === "object") return [make(form.page, "div", { class: "parts" }, ...members(form, field, set, redraw))];
  if (field.kind === "array") return [make(form.page, "div", { class: "parts" }, ...items(form, slot, field, set, redraw))];
  return field.kind === "union" ? alternatives(form, slot, field, set, redraw) : [];
}

/** @param {Form} form @param {ObjectField} field @param {(field: Field) => void} set @param {Redraw} redraw */
export function members(form, field, set, redraw) {
  const slots = field.entries.map((entry) => form.slot({
    step: entry.name,
    label: entry.name,
    schema: entry.schema,
    field: entry.field,
    required: entry.required,
    optional: entry.declared && (!entry.required || entry.field === null),
    set: (made) => {
      entry.field = made;
      set(field);
    },
    remove: entry.declared ? undefined : () => redraw({ ...field, entries: field.entries.filter((one) => one !== entry) }, adding),
  }));
  return field.shape.flat.additionalProperties === false ? slots : [...slots, adder(form, field, redraw)];
}

/** Adds a member whose name the schema does not say. @param {Form} form @param {ObjectField} field @param {Redraw} redraw */
function adder({ page, schemas }, field, redraw) {
  const id = newId();
  const wrong = make(page, "span", { class: "wrong", id: `${id}-wrong` });
  const name = make(page, "input", { id, autocomplete: "off", spellcheck: "false", "aria-describedby": `${id}-wrong`, placeholder: "another member" });
  const add = () => {
    const known = field.entries.find((entry) => entry.name === name.value);
    wrong.textContent = known ? "there is a member of this name" : "";
    if (known) return;
    const schema = memberSchema(field.shape.flat, name.value);
    const declared = Object.hasOwn(field.shape.flat.properties ?? {}, name.value);
    redraw({ ...field, entries: [...field.entries, { name: name.value, schema, declared, required: false, field: begun(schemas, schema) }] }, newest);
  };
  return make(page, "div", { class: "adder" }, make(page, "label", { for: id }, "add"), name, button(page, "add", add), wrong);
}

/** @param {Form} form @param {Whole} slot @param {ArrayField} field @param {(field: Field) => void} set @param {Redraw} redraw */
function items(form, slot, field, set, redraw) {
  const { page, schemas } = form;
  const schemaOf = (/** @type {number} */ n) => itemSchema(field.shape.flat, n);
  const slots = field.items.map((item, n) => form.slot({
    step: String(n),
    label: `${slot.label} ${n + 1}`,
    schema: schemaOf(n),
    field: item,
    optional: false,
    secret: slot.secret,
    set: (made) => {
      if (made) field.items[n] = made;
      set(field);
    },
    // The schemas of a tuple go by the place, so the items after it become fields of other schemas.
    remove: () => redraw({ ...field, items: field.items.flatMap((one, at) => (at === n ? [] : [at > n ? moved(form, schemaOf(at - 1), one) : one])) }, adding),
  }));
  const add = button(page, `add to ${slot.label}`, () => redraw({ ...field, items: [...field.items, begun(schemas, schemaOf(field.items.length))] }, newest));
  return [...slots, add];
}

/** The same value as a field of another schema, if it is a value yet. @param {Form} form @param {any} schema @param {Field} field */
function moved({ schemas }, schema, field) {
  if (schemas.shape(schema) === field.shape) return field;
  try {
    return fill(schemas, schema, read(field));
  } catch {
    return field;
  }
}

/** @param {Form} form @param {Whole} slot @param {UnionField} field @param {(field: Field) => void} set @param {Redraw} redraw */
function alternatives(form, slot, field, set, redraw) {
  const { page, schemas } = form;
  const { branches } = field.shape;
  const choose = () => {
    const branch = Number(choice.value);
    redraw({ ...field, branch, field: branch < 0 ? asJson(field) : kept(form, field, branches[branch].schema) }, (root) => root.querySelector(":scope > select"));
  };
  const choice = make(page, "select", { "aria-label": "alternative", change: choose });
  choice.append(...branches.map(({ label, schema }, n) => make(page, "option", { value: String(n) }, branchLabel(label, schemas.shape(schema), n))));
  choice.append(make(page, "option", { value: "-1" }, "other JSON"));
  choice.value = String(field.branch);
  const inner = form.slot({
    step: "",
    label: branches[field.branch]?.label ?? "value",
    schema: field.branch < 0 ? true : branches[field.branch].schema,
    field: field.field,
    optional: false,
    secret: slot.secret,
    set: (made) => {
      if (made) field.field = made;
      set(field);
    },
  });
  inner.dataset.same = "";
  return [choice, make(page, "div", { class: "parts" }, inner)];
}

/** The value stays where the other branch can hold it. @param {Form} form @param {UnionField} field @param {any} schema */
function kept({ schemas }, { field }, schema) {
  try {
    const value = read(field);
    if (fits(schemas, schema, value)) return fill(schemas, schema, value);
  } catch {
    // What is not a value yet is replaced.
  }
  return begun(schemas, schema);
}

/** @param {UnionField} field @returns {Field} */
function asJson({ shape, field }) {
  try {
    return { kind: "json", shape, text: write(read(field), 2), unfit: false };
  } catch {
    return { kind: "json", shape, text: "null", unfit: false };
  }
}
