/**
 * Asks a person whether they mean it, before something that cannot be undone.
 * @module
 */

import { clone, part, setText } from "./dom.js";

/** @param {Document} page @param {string} question @param {string} act the word on the button that does it @returns {Promise<boolean>} */
export function confirmed(page, question, act) {
  const dialog = /** @type {HTMLDialogElement} */ (clone(page, "confirm"));
  page.body.append(dialog);
  setText(part(dialog, "bdi"), question);
  setText(part(dialog, '[value="yes"]'), act);
  dialog.showModal();
  return new Promise((answer) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      answer(dialog.returnValue === "yes");
    });
  });
}
