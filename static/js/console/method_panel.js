/**
 * One method: its draft, how it is sent, what was answered, and what was sent before.
 * @module
 */

import { bundle } from "./schema_bundle.js";
import { RequestDraft } from "./request_editor_state.js";
import { DraftCheck } from "./edited_request_check.js";
import { Editor } from "./form_and_json.js";
import { button, make, replace, sendButton } from "./elements.js";
import { RequestState } from "./request_state.js";
import { methodHead } from "./form_head_and_problems.js";
import { encode } from "./permalink.js";
import { BatchAndHistory } from "./batch_and_history.js";
import { AnswerView } from "./answer_view.js";
import { ways } from "./request_options.js";

/** @typedef {import("./method.js").Method} Method */
/** @typedef {import("./permalink.js").Filled} Filled */
/**
 * What a method is called with. `target` says where to send, or why that cannot be; `key` is a name that no
 * other method of any service has; `filled` gets the form for the page's address; `batch` is of the service.
 * @typedef {{
 *   page: Document, validator: import("./validation_client.js").ValidationClient, past: import("./call_history.js").Past, key: string,
 *   target: () => import("./request_state.js").Target, methodOf: (name: string) => Method|null,
 *   filled: (text: string) => void, copies: (request: () => any) => HTMLElement[], batch: any[],
 * }} Around
 */

/** A request as it was when it was to be sent. @typedef {{request: any, target: import("./request_state.js").Target, kept: {value: any, leftOut: string[]}}} Call */

export class MethodPanel {
  /** @param {Around} around @param {Method} method @param {Filled|null} filled null: the form as it begins */
  constructor(around, method, filled) {
    const { page } = around;
    this.around = around;
    this.method = method;
    this.draft = new RequestDraft(method, filled);
    this.first = linked(new RequestDraft(method));
    this.editor = new Editor(page, () => this.#changed());
    this.result = new AnswerView(page);
    this.exchange = new RequestState(around, this.result, () => this.draw());
    /** @type {Call|null} what is sent if its check finds nothing */ this.waiting = null;
    this.ways = make(page, "div", { class: "ways" });
    const notes = () => this.draft.kept.leftOut.map((name) => `${name} is a secret, so it is not in the link or the history`);
    this.check = new DraftCheck(around, bundle(method.references, this.draft.schema), this.editor, { notes, anyway: () => void this.#run(this.#call()) });
    this.send = sendButton(page, "Send", () => (this.exchange.busy ? this.exchange.cancel() : void this.#send()), { class: "act send", "aria-keyshortcuts": "Control+Enter" });
    this.why = make(page, "span", { class: "soft" });
    const add = button(page, "add to batch", () => this.#add());
    const copies = make(page, "span", { class: "copies" }, "copy as ", ...around.copies(() => this.#request(this.exchange.next)));
    const actions = make(page, "div", { class: "actions" }, this.send, this.why, add, copies);
    this.lists = new BatchAndHistory(around, {
      sendAll: () => void this.exchange.run(around.target(), [...around.batch], () => {}, true),
      take: ({ params }) => this.#show(new RequestDraft(method, { ...this.draft.way, params })),
    });
    this.root = make(page, "div", { class: "method", keydown: (event) => this.#key(event) }, ...methodHead(page, method), this.ways, this.editor.root, actions, this.check.root, this.result.root, this.lists.root);
    this.#show(this.draft);
  }

  /** End what is under way. */
  leave() {
    this.waiting = null;
    this.check.end();
    this.exchange.cancel();
  }

  /** What the form holds, with its secrets. @returns {Filled} */
  get filled() {
    return { ...this.draft.way, params: this.draft.value };
  }

  /** The address has another form. @param {Filled|null} filled null: as it begins */
  fill(filled) {
    this.#show(new RequestDraft(this.method, filled));
  }

  /** Where requests go, or whether one is under way, may have changed. */
  draw() {
    const { url, why } = this.around.target();
    this.send.disabled = url === null && !this.exchange.busy;
    this.send.textContent = this.exchange.busy ? "Cancel" : "Send";
    this.why.textContent = why;
  }

  /** @param {RequestDraft} draft */
  #show(draft) {
    this.draft = draft;
    this.check.begin();
    replace(this.ways, ...ways(this.around.page, draft, (made) => this.#show(made), () => this.#went()));
    this.#went();
  }

  /** The JSON beside the form may be another one: the way has changed. */
  #went() {
    this.editor.show(this.draft);
    this.#changed();
  }

  #changed() {
    this.draw();
    if (this.draft.fault === null) {
      const text = linked(this.draft);
      this.around.filled(text === this.first ? "" : text);
    }
    this.check.later(this.draft);
  }

  async #send() {
    const call = this.#call();
    this.waiting = call;
    const isGood = await this.check.now(this.draft);
    if (isGood && this.waiting === call) await this.#run(call);
  }

  /** What would be sent now; null while the draft is no request. @returns {Call|null} */
  #call() {
    const request = this.#request(this.exchange.next);
    return request && { request, target: this.around.target(), kept: this.draft.kept };
  }

  /** @param {Call|null} call */
  async #run(call) {
    this.waiting = null;
    if (call === null) return;
    const { value, leftOut } = call.kept;
    await this.exchange.run(call.target, [call.request], (outcome) => this.lists.keep({ at: Date.now(), params: value, leftOut, outcome }));
  }

  /** @param {number} id @returns {any} null while the draft is no request */
  #request(id) {
    return this.draft.fault ? null : this.draft.request(id);
  }

  #add() {
    const request = this.#request(this.exchange.take());
    if (request) this.lists.add(request);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    if (!this.send.disabled && !this.exchange.busy) void this.#send();
  }
}

/** The draft as a part of an address, without its secrets; empty if it is too long. @param {RequestDraft} draft */
const linked = (draft) => encode({ ...draft.way, params: draft.kept.value }) ?? "";
