/**
 * The colours of the page: as the system has them, or light or dark as the person chose.
 * @module
 */

import { part } from "./dom.js";

const THEMES = ["", "light", "dark"];
const WORDS = ["as the system", "light", "dark"];

/** @param {Document} page @param {import("../prefs.js").Prefs} prefs @returns {(theme: string) => void} chooses "light", "dark" or "" */
export function themed(page, prefs) {
  const button = part(page, "[data-theme-button]");
  const show = () => {
    const theme = prefs.get("theme");
    const at = Math.max(0, THEMES.indexOf(theme));
    if (THEMES[at]) page.documentElement.dataset.theme = THEMES[at];
    else delete page.documentElement.dataset.theme;
    button.title = `colours: ${WORDS[at]}`;
    button.setAttribute("aria-label", button.title);
    return at;
  };
  const choose = (/** @type {string} */ theme) => {
    prefs.set({ theme });
    show();
  };
  button.addEventListener("click", () => choose(THEMES[(show() + 1) % THEMES.length]));
  show();
  return choose;
}
