/**
 * Says what is wrong with a draft: a moment after each change, and before it is sent.
 * @module
 */

import { make } from "./elements.js";
import { verdict } from "./form_head_and_problems.js";

/** @typedef {import("./request_editor_state.js").RequestDraft} Draft */
/** @typedef {import("./validation_problems.js").Problem} Problem */

const AFTER_MS = 200;

export class DraftCheck {
  /**
   * @param {{page: Document, validator: import("./validation_client.js").ValidationClient}} around
   * @param {import("./schema_bundle.js").Bundle} bundle the schema of the parameters
   * @param {import("./form_and_json.js").Editor} editor @param {{notes: () => string[], anyway: () => void}} told `notes`: what else to say; `anyway`: send it all the same
   */
  constructor({ page, validator }, bundle, editor, told) {
    this.page = page;
    this.validator = validator;
    this.bundle = bundle;
    this.editor = editor;
    this.told = told;
    this.root = make(page, "div", { class: "verdict", role: "status" });
    this.timer = 0;
    /** How many checks have begun. */ this.begun = 0;
    /** Before the first attempt to send, what is missing is not held against anyone. */ this.attempted = false;
  }

  /** Another draft begins. */
  begin() {
    this.attempted = false;
  }

  leave() {
    clearTimeout(this.timer);
  }

  /** The draft has changed. @param {Draft} draft */
  later(draft) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.#check(draft, false), AFTER_MS);
  }

  /** It is to be sent now. @param {Draft} draft @returns {Promise<Problem[]>} */
  now(draft) {
    clearTimeout(this.timer);
    this.attempted = true;
    return this.#check(draft, true);
  }

  /** @param {Draft} draft @param {boolean} sending @returns {Promise<Problem[]>} */
  async #check(draft, sending) {
    if (draft.fault) {
      this.#say([], [`not sent yet: ${draft.fault.text}`], false);
      return [{ path: draft.fault.path.map(String), text: draft.fault.text }];
    }
    const { value } = draft;
    const number = (this.begun += 1);
    const { problems, unchecked } = await this.validator.check(this.bundle, value);
    // A later check says it: this one may not take away what that one offers.
    if (!sending && number !== this.begun) return problems;
    if (value !== draft.value) return this.#check(draft, sending);
    const told = this.attempted ? problems : problems.filter(({ text }) => text !== "is missing");
    const lined = told.map((problem) => ({ ...problem, line: draft.lineOf(problem.path) }));
    this.#say(lined, [...unchecked.map((text) => `not checked: ${text}`), ...this.told.notes()], sending && problems.length > 0);
    return problems;
  }

  /** @param {import("./form_head_and_problems.js").Lined[]} problems @param {string[]} notes @param {boolean} anyway */
  #say(problems, notes, anyway) {
    this.editor.problems(problems);
    this.root.replaceChildren(...verdict(this.page, problems, notes, anyway ? this.told.anyway : null));
  }
}
