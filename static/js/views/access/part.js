/**
 * One part of the view of access, which shows an answer of the router, or why it could not be loaded.
 * @module
 */

import { part, setText } from "../../ui/dom.js";

export class AccessPart {
  /** @param {HTMLElement} root @param {string} what what it shows, for the message that it could not be loaded */
  constructor(root, what) {
    this.root = root;
    this.what = what;
  }

  /** The value of an answer; null where there is none: then old values are hidden, and the reason is said. @param {PromiseSettledResult<any>} answer */
  taken(answer) {
    const known = answer.status === "fulfilled";
    part(this.root, "[data-known]").hidden = !known;
    const { message } = known ? { message: "" } : answer.reason;
    setText(part(this.root, "[data-lost]"), known ? "" : `The ${this.what} could not be loaded: ${message}`);
    return known ? answer.value : null;
  }
}

/** A part in which an administrator makes changes. */
export class EditablePart extends AccessPart {
  /**
   * @param {HTMLElement} root
   * @param {string} what as in `AccessPart`
   * @param {import("../../fleet/page_model.js").Model} model
   * @param {() => void} changed asks the router again
   */
  constructor(root, what, model, changed) {
    super(root, what);
    this.model = model;
    this.page = root.ownerDocument;
    this.changed = changed;
  }
}
