/**
 * Shows the keys of the whole page, and what they do.
 * @module
 */

import { clone, part, setText } from "../ui/dom.js";

/** Keys that `page_shortcuts.js` does not have in its table. @type {[string, string][]} */
const ELSEWHERE = [
  ["Ctrl K", "search, or run a command"],
  ["/", "go to the filter"],
  ["j k ↓ ↑", "next and previous service of the list"],
  ["Home End", "first and last of the list"],
  ["← →", "close and open a group"],
  ["Enter", "open what has the focus; with Ctrl in a new tab"],
  ["Esc", "empty the filter; back to all services"],
];

/** @param {Document} page @param {import("./global_shortcuts.js").Shortcut[]} shortcuts those that the person may use now */
export function showKeys(page, shortcuts) {
  const dialog = /** @type {HTMLDialogElement} */ (page.querySelector("[data-keys]") ?? page.body.appendChild(clone(page, "keys")));
  const lines = [...ELSEWHERE, ...shortcuts.map(({ keys, does }) => [keys, does])];
  const items = lines.map(([keys, does]) => {
    const item = clone(page, "key");
    for (const key of keys.split(" ")) part(item, "dt").append(keycap(page, key), " ");
    setText(part(item, "dd"), does);
    return item;
  });
  part(dialog, "dl").replaceChildren(...items);
  dialog.onclick = ({ target }) => target === dialog && dialog.close();
  dialog.showModal();
}

/** @param {Document} page @param {string} text */
function keycap(page, text) {
  const key = page.createElement("kbd");
  key.textContent = text;
  return key;
}
