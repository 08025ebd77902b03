/**
 * Edits a request as a form and as JSON text beside it; a change of one changes the other.
 * @module
 */

import { make, newId, replace } from "./elements.js";
import { Form } from "./form.js";
import { members } from "./compound_fields.js";
import { focusProblem, showProblems } from "./form_problems.js";

/** @typedef {import("./request_editor_state.js").RequestDraft} RequestDraft */
/** @typedef {import("./validation_problems.js").Problem} Problem */

export class Editor {
  /** @param {Document} page @param {() => void} changed the draft has changed */
  constructor(page, changed) {
    this.page = page;
    this.changed = changed;
    const id = newId();
    this.form = make(page, "div", { class: "form", role: "group", "aria-label": "Parameters" });
    this.label = make(page, "label", { for: id }, "params as JSON");
    this.text = make(page, "textarea", { id, class: "code", rows: "8", spellcheck: "false", autocomplete: "off", "aria-describedby": `${id}-wrong`, input: () => this.#typed() });
    this.wrong = make(page, "p", { class: "wrong", id: `${id}-wrong`, role: "status" });
    this.root = make(page, "div", { class: "editor" }, this.form, make(page, "div", { class: "json-side" }, this.label, this.text, this.wrong));
    /** @type {RequestDraft|null} */ this.draft = null;
  }

  /** Show another draft, or the same one after another part of the page has changed it. @param {RequestDraft} draft */
  show(draft) {
    this.draft = draft;
    this.#drawForm();
    this.#follow();
  }

  /** Show how the draft is sent, and what of it is no value yet. */
  #follow() {
    const { draft, text, wrong, form } = this;
    if (!draft) return;
    if (text.value !== draft.text && draft.fault === null) text.value = draft.text;
    form.inert = draft.fault?.side === "json";
    wrong.textContent = draft.fault?.side === "json" ? draft.fault.text : draft.fault ? "this is the request from before the mistake in the form" : "";
    if (draft.fault?.side === "json") text.setAttribute("aria-invalid", "true");
    else text.removeAttribute("aria-invalid");
    text.toggleAttribute("data-behind", draft.fault?.side === "form");
  }

  /** @param {Problem[]} problems */
  problems(problems) {
    const fault = this.draft?.fault;
    showProblems(this.form, fault?.side === "form" ? [fault] : problems.map(({ path, text }) => ({ path, text })));
  }

  /** Give the focus to what is wrong. @param {(string|number)[]} path */
  focus(path) {
    if (this.draft?.fault?.side === "json") this.text.focus();
    else focusProblem(this.form, path);
  }

  #typed() {
    if (!this.draft) return;
    if (this.draft.textChanged(this.text.value)) this.#drawForm();
    this.#follow();
    this.changed();
  }

  #drawForm() {
    const { draft, page } = this;
    if (!draft) return;
    const changed = () => {
      draft.formChanged();
      this.#follow();
      this.changed();
    };
    const form = new Form(page, draft.schemas, changed);
    const whole = draft.form;
    const redraw = (/** @type {import("./form_values.js").Field} */ field) => {
      draft.form = field;
      changed();
      this.#drawForm();
    };
    const slots = whole.kind === "object"
      ? members(form, whole, () => {}, redraw)
      : [form.slot({ step: "", label: "params", schema: draft.schema, field: whole, optional: false, set: (field) => field && (draft.form = field) })];
    const none = whole.kind === "object" && slots.length === 0;
    replace(this.form, ...(none ? [make(page, "p", { class: "note" }, "This method has no parameters.")] : slots));
  }
}
