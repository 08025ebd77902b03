/**
 * The options of how a request is sent: by name or by position, as a notification, and with which example.
 * @module
 */

import { RequestDraft } from "./request_editor_state.js";
import { button, make } from "./elements.js";
import { clip } from "./json_value.js";

/** @param {Document} page @param {RequestDraft} draft @param {(draft: RequestDraft) => void} replaced @param {() => void} went the way has changed @returns {HTMLElement[]} */
export function ways(page, draft, replaced, went) {
  const { method } = draft;
  const found = [];
  if (method.structure === "either" && method.params && method.params.length > 0) {
    const choice = make(page, "select", { change: () => go({ byPosition: choice.value === "position" }) });
    choice.append(...["name", "position"].map((value) => make(page, "option", { value }, `by ${value}`)));
    choice.value = draft.way.byPosition ? "position" : "name";
    found.push(make(page, "label", {}, "parameters ", choice));
  }
  const go = (/** @type {Partial<import("./request.js").Way>} */ way) => {
    draft.go(way);
    went();
  };
  const check = make(page, "input", { type: "checkbox", change: () => go({ notification: check.checked }) });
  check.checked = draft.way.notification;
  found.push(make(page, "label", { title: "no id, so the service gives no answer" }, check, " notification"));
  if (method.examples.length > 0) {
    const pick = make(page, "select", { change: () => pick.value && replaced(new RequestDraft(method, { ...draft.way, params: method.examples[Number(pick.value)].params })) });
    pick.append(make(page, "option", { value: "" }, "example…"), ...method.examples.map(({ name }, n) => make(page, "option", { value: String(n) }, clip(name, 60))));
    found.push(make(page, "label", {}, "fill with ", pick));
  }
  found.push(button(page, "clear", () => replaced(new RequestDraft(method))));
  return found;
}
