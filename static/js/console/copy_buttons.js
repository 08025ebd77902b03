/**
 * Buttons that copy the request: as a program in one of four languages, or as the address of this page.
 * @module
 */

import { button, make } from "./elements.js";
import { snippets } from "./snippets.js";

/** @typedef {import("./snippets.js").Call} Call */

const SAID_MS = 2_000;
const LABELS = /** @type {const} */ ({ curl: "curl", python: "Python", javascript: "JavaScript", hero_router: "hero_router call" });

/**
 * @param {Document} page @param {() => any} request null: what is in the form is no request yet
 * @param {() => Omit<Call, "request"|"url"> & {url: string|null}} call @returns {HTMLElement[]}
 */
export function copyButtons(page, request, call) {
  const text = (/** @type {keyof typeof LABELS} */ language) => () => {
    const [made, { url, ...rest }] = [request(), call()];
    return made === null || url === null ? null : snippets({ ...rest, url, request: made })[language];
  };
  const programs = Object.entries(LABELS).map(([language, label]) => copyButton(page, label, text(/** @type {keyof typeof LABELS} */ (language))));
  return [...programs, copyButton(page, "link", () => page.location.href)];
}

/** One button, which says whether it could. @param {Document} page @param {string} label @param {() => string|null} text null: there is nothing to copy now */
export function copyButton(page, label, text) {
  const say = (/** @type {string} */ said) => {
    made.textContent = said;
    setTimeout(() => (made.textContent = label), SAID_MS);
  };
  const copy = async () => {
    const copied = text();
    if (copied === null) return say("the request is not complete");
    // Browsers have a clipboard for pages over TLS and of this machine only.
    const done = await page.defaultView?.navigator.clipboard?.writeText(copied).then(() => true, () => false);
    if (done) say("copied");
    else offer(page, made, copied);
  };
  const made = button(page, label, () => void copy());
  return made;
}

/** Show the text, selected, until a person has copied it by keys. @param {Document} page @param {HTMLElement} beside @param {string} text */
function offer(page, beside, text) {
  const shown = make(page, "textarea", { class: "code", readonly: true, "aria-label": "copy this", blur: () => shown.remove() });
  shown.value = text;
  beside.parentElement?.after(shown);
  shown.select();
}
