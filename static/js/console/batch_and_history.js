/**
 * The two lists of requests below a method: those that are to be sent together, and those that were sent.
 * @module
 */

import { button, foreign, make, replace, sendButton } from "./elements.js";
import { clip, write } from "./json_value.js";

/** @typedef {import("./call_history.js").Sent} Sent */
/** @typedef {{page: Document, batch: any[], past: import("./call_history.js").Past, key: string}} Around */

export class BatchAndHistory {
  /** @param {Around} around @param {{sendAll: () => void, take: (sent: Sent) => void}} told */
  constructor(around, told) {
    this.around = around;
    this.told = told;
    this.root = make(around.page, "div");
    this.draw();
  }

  /** @param {any} request */
  add(request) {
    this.around.batch.push(request);
    this.draw();
  }

  /** Keep what was sent. @param {Sent} sent */
  keep(sent) {
    this.around.past.add(this.around.key, sent);
    this.draw();
  }

  draw() {
    const { page, batch, past, key } = this.around;
    const remove = (/** @type {number} */ n) => {
      batch.splice(n, 1);
      this.draw();
    };
    const forget = () => {
      past.forget(key);
      this.draw();
    };
    const before = pastList(page, past.of(key), { take: this.told.take, forget });
    before.open = this.root.querySelector("details")?.open ?? false;
    replace(this.root, batchList(page, batch, { send: this.told.sendAll, remove }), before);
  }
}

/** What is to be sent together. @param {Document} page @param {any[]} requests @param {{send: () => void, remove: (n: number) => void}} told @returns {HTMLElement} */
function batchList(page, requests, told) {
  const lines = requests.map((request, n) => make(
    page,
    "li",
    {},
    foreign(page, request.method),
    " ",
    foreign(page, clip(write(request.params ?? null), 120), "soft"),
    Object.hasOwn(request, "id") ? "" : " (notification)",
    button(page, "remove", () => told.remove(n), { "aria-label": `remove request ${n + 1}` }),
  ));
  const send = sendButton(page, `send ${requests.length} together`, told.send);
  return make(page, "section", { class: "batch", "aria-label": "Batch", hidden: requests.length === 0 }, make(page, "h4", {}, "Batch"), make(page, "ol", {}, ...lines), send);
}

/** What was sent; each can be taken up again. @param {Document} page @param {Sent[]} sent the newest first @param {{take: (sent: Sent) => void, forget: () => void}} told @returns {HTMLDetailsElement} */
function pastList(page, sent, told) {
  const lines = sent.map((one) => {
    const time = make(page, "time", { datetime: new Date(one.at).toISOString() }, new Date(one.at).toLocaleString());
    const take = button(page, clip(write(one.params), 120), () => told.take(one), { class: "take", title: "fill the form with this" });
    const left = one.leftOut.length > 0 ? [make(page, "small", {}, " without ", foreign(page, one.leftOut.join(", ")))] : [];
    return make(page, "li", {}, time, " ", foreign(page, one.outcome, "soft"), take, ...left);
  });
  const forget = sent.length > 0 ? [button(page, "forget these", told.forget)] : [];
  const note = make(page, "p", { class: "note" }, sent.length > 0 ? "Kept in this browser only. " : "Nothing was sent from this browser yet.", ...forget);
  return make(page, "details", { class: "past" }, make(page, "summary", {}, `History (${sent.length})`), make(page, "ol", {}, ...lines), note);
}
