/**
 * What a person prefers in this browser (theme, how the list of services is sorted and grouped, and notifications),
 * kept in its storage. A storage that is full or forbidden is left alone: the preference then lasts as
 * long as the page.
 * @module
 */

const KEY = "hero_router";
const NAMES = ["theme", "sort", "group", "shut", "notify"];

export class Prefs {
  /** @param {Pick<Storage, "getItem"|"setItem">} storage */
  constructor(storage) {
    this.storage = storage;
    /** @type {Record<string, string>} */ this.values = read(storage);
  }

  /** @param {string} name @returns {string} empty: no preference */
  get(name) {
    return this.values[name] ?? "";
  }

  /** @param {Record<string, string>} changes */
  set(changes) {
    const known = NAMES.filter((name) => name in changes).map((name) => [name, changes[name]]);
    this.values = { ...this.values, ...Object.fromEntries(known) };
    try {
      this.storage.setItem(KEY, JSON.stringify(this.values));
    } catch {
      return;
    }
  }
}

/** @param {Pick<Storage, "getItem">} storage @returns {Record<string, string>} */
function read(storage) {
  try {
    const found = JSON.parse(storage.getItem(KEY) ?? "{}");
    const told = NAMES.filter((name) => typeof found[name] === "string").map((name) => [name, found[name]]);
    return Object.fromEntries(told);
  } catch {
    return {};
  }
}
