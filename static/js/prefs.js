/**
 * What a person prefers in this browser (theme, how the list of services is sorted and grouped, and notifications),
 * kept in its storage. A storage that is full or forbidden is left alone: the preference then lasts as
 * long as the page. Other tabs change it too, so it is read again each time.
 * @module
 */

const KEY = "hero_router";
const NAMES = ["theme", "sort", "group", "shut", "notify"];

export class Prefs {
  /** @param {Pick<Storage, "getItem"|"setItem">} storage */
  constructor(storage) {
    this.storage = storage;
    /** @type {Record<string, string>} what this page has chosen and the storage did not take */ this.unkept = {};
  }

  /** @param {string} name @returns {string} empty: no preference */
  get(name) {
    return this.unkept[name] ?? read(this.storage)[name] ?? "";
  }

  /** @param {Record<string, string>} changes */
  set(changes) {
    const known = NAMES.filter((name) => name in changes).map((name) => [name, changes[name]]);
    const chosen = { ...this.unkept, ...Object.fromEntries(known) };
    try {
      this.storage.setItem(KEY, JSON.stringify({ ...read(this.storage), ...chosen }));
      this.unkept = {};
    } catch {
      this.unkept = chosen;
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
