/**
 * Shows error messages beside the controls of a form.
 * @module
 */

import { spoken } from "./json_pointer.js";

/** @typedef {{path: (string|number)[], text: string}} Problem */

/** Show these problems and no others. @param {HTMLElement} root of the form @param {Problem[]} problems */
export function showProblems(root, problems) {
  for (const element of root.querySelectorAll(".wrong:not([hidden])")) if (element.closest(".field")) /** @type {HTMLElement} */ (element).hidden = true;
  for (const element of root.querySelectorAll("[aria-invalid]")) element.removeAttribute("aria-invalid");
  for (const { path, text } of problems) {
    const { slot, rest } = nearest(root, null, path);
    const wrong = slot && own(slot, ".wrong");
    if (!slot || !wrong) continue;
    const said = rest.length > 0 ? `${spoken(rest)}: ${text}` : text;
    wrong.textContent = wrong.hidden ? said : `${wrong.textContent}; ${said}`;
    wrong.hidden = false;
    control(slot)?.setAttribute("aria-invalid", "true");
  }
}

/** Give the focus to the control that is nearest to a place. @param {HTMLElement} root @param {(string|number)[]} path */
export function focusProblem(root, path) {
  const { slot } = nearest(root, null, path);
  (slot && control(slot))?.focus();
}

/** The innermost part of the form on the way to a place, and the rest of the way. @param {HTMLElement} root @param {HTMLElement|null} slot where the way begins @param {(string|number)[]} rest @returns {{slot: HTMLElement|null, rest: (string|number)[]}} */
function nearest(root, slot, rest) {
  const all = [...(slot ?? root).querySelectorAll(".field")].map((one) => /** @type {HTMLElement} */ (one));
  const inner = all.filter((one) => one.parentElement?.closest(".field") === slot);
  // An alternative is a part of the form, but no step of the way.
  const same = inner.find((one) => one.dataset.same !== undefined);
  // A problem of the whole value is one of the choice, if the alternative has parts of its own.
  if (same && (rest.length > 0 || same.dataset.whole === undefined)) return nearest(root, same, rest);
  const next = rest.length > 0 ? inner.find((one) => one.dataset.step === String(rest[0])) : undefined;
  return next ? nearest(root, next, rest.slice(1)) : { slot, rest };
}

/** What is in a part of the form itself, not in its parts. @param {HTMLElement} slot @param {string} selector */
const own = (slot, selector) => [...slot.querySelectorAll(selector)].map((one) => /** @type {HTMLElement} */ (one)).find((one) => one.closest(".field") === slot);

/** @param {HTMLElement} slot */
const control = (slot) => own(slot, "textarea, input:not([type=checkbox]), select") ?? own(slot, "input, button");
