/**
 * The keys of the whole page, from one table: it handles them, and `?` shows it. Keys of the list of
 * services are the list's own.
 * @module
 */

import { mayDo } from "../fleet/caller.js";
import { toView } from "../route.js";
import { isField } from "../ui/dom.js";

const SECOND_KEY_MS = 1_500;

/** `keys`: one key, or two that are pressed after another ("g f"); `may`: whether the person may do it now. @typedef {{keys: string, does: string, run: () => void, may?: () => boolean}} Shortcut */

export class Shortcuts {
  /** @param {Document} page @param {{palette: () => void, show: (shortcuts: Shortcut[]) => void, shortcuts: Shortcut[]}} told */
  constructor(page, { palette, show, shortcuts }) {
    this.page = page;
    this.palette = palette;
    this.show = show;
    this.shortcuts = [...shortcuts, { keys: "?", does: "list the keys", run: () => this.help() }];
    this.first = "";
    this.timer = 0;
    page.addEventListener("keydown", (pressed) => this.#key(pressed));
  }

  /** Show all keys. */
  help() {
    this.show(this.#allowed());
  }

  #allowed() {
    return this.shortcuts.filter(({ may }) => may?.() ?? true);
  }

  /** @param {KeyboardEvent} pressed */
  #key(pressed) {
    const { key, ctrlKey, metaKey, altKey } = pressed;
    if ((ctrlKey || metaKey) && !altKey && key.toLowerCase() === "k") {
      pressed.preventDefault();
      return this.palette();
    }
    if (ctrlKey || metaKey || altKey || isBusy(pressed.target, this.page)) return;
    const keys = this.first ? `${this.first} ${key}` : key;
    this.#await("");
    const allowed = this.#allowed();
    const found = allowed.find((one) => one.keys === keys);
    if (found) {
      pressed.preventDefault();
      found.run();
    } else if (allowed.some((one) => one.keys.startsWith(`${key} `))) this.#await(key);
  }

  /** Wait a moment for the second of two keys. @param {string} first */
  #await(first) {
    clearTimeout(this.timer);
    this.first = first;
    if (first) this.timer = window.setTimeout(() => (this.first = ""), SECOND_KEY_MS);
  }
}

/** The keys that go to the main views. @param {import("../fleet/page_model.js").Model} model @param {import("../ui/browser_location.js").BrowserLocation} address @param {Readonly<Record<string, {label: string, right?: string}>>} views @returns {Shortcut[]} */
export function toViews(model, address, views) {
  const named = Object.entries(views).filter(([, { label }]) => label !== "");
  return named.map(([view, { label, right }]) => ({
    keys: `g ${label[0].toLowerCase()}`,
    does: `go to ${label}`,
    run: () => address.push(toView(view, model.place)),
    may: () => mayDo(model.caller, right),
  }));
}

/** Whether keys are meant for a field or a dialog. @param {EventTarget|null} target @param {Document} page */
function isBusy(target, page) {
  return isField(target) || page.querySelector("dialog[open]") !== null;
}
