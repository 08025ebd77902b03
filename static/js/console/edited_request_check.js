/**
 * Says what is wrong with a draft: a moment after each change, and before it is sent.
 * @module
 */

import { make } from "./elements.js";
import { verdict } from "./form_head_and_problems.js";

/** @typedef {import("./request_editor_state.js").RequestDraft} Draft */

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
    /** How often the draft has changed or was to be sent: which check is the newest. */ this.newest = 0;
    /** Before the first attempt to send, what is missing is not held against anyone. */ this.attempted = false;
  }

  /** Another draft begins. */
  begin() {
    this.attempted = false;
  }

  /** No check says anything any more. */
  end() {
    clearTimeout(this.timer);
    this.newest += 1;
  }

  /** The draft has changed. @param {Draft} draft */
  later(draft) {
    this.end();
    this.timer = setTimeout(() => void this.#check(draft, false), AFTER_MS);
  }

  /** What the draft is now is to be sent; what is wrong with it gets the focus. @param {Draft} draft @returns {Promise<boolean>} whether nothing is wrong */
  now(draft) {
    this.end();
    this.attempted = true;
    return this.#check(draft, true);
  }

  /** @param {Draft} draft @param {boolean} sending @returns {Promise<boolean>} */
  async #check(draft, sending) {
    if (draft.fault) {
      this.#say([], [`not sent yet: ${draft.fault.text}`], false);
      if (sending) this.editor.focus(draft.fault.path);
      return false;
    }
    const number = this.newest;
    const { problems, unchecked } = await this.validator.check(this.bundle, draft.value);
    const isGood = problems.length === 0;
    // A later check says it: this one may not take away what that one offers.
    if (number !== this.newest) return isGood;
    const told = this.attempted ? problems : problems.filter(({ text }) => text !== "is missing");
    const lined = told.map((problem) => ({ ...problem, line: draft.lineOf(problem.path) }));
    this.#say(lined, [...unchecked.map((text) => `not checked: ${text}`), ...this.told.notes()], sending && !isGood);
    if (sending && !isGood) this.editor.focus(problems[0].path);
    return isGood;
  }

  /** @param {import("./form_head_and_problems.js").Lined[]} problems @param {string[]} notes @param {boolean} anyway */
  #say(problems, notes, anyway) {
    this.editor.problems(problems);
    this.root.replaceChildren(...verdict(this.page, problems, notes, anyway ? this.told.anyway : null));
  }
}
