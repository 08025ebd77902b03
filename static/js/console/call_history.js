/**
 * The history of requests that this browser sent, for each method: the newest first, few, and small. Pure but for the
 * storage that is passed in; without one, or where it is full, nothing is kept.
 * @module
 */

import { parse } from "./json_text.js";
import { isObject, write } from "./json_value.js";

/** @typedef {{getItem: (name: string) => string|null, setItem: (name: string, text: string) => void, removeItem: (name: string) => void}} Storage */
/** @typedef {{at: number, params: any, leftOut: string[], outcome: string}} Sent `at` is a time in ms, `leftOut` names the secrets that were not kept */

export const MOST_OF_METHOD = 20;
export const MOST_CHARACTERS = 256 * 1024;
/** A request with more parameters than that is not kept. */
export const MOST_OF_ONE = 16 * 1024;

export class Past {
  /** @param {Storage|null} storage @param {string} name the item in it */
  constructor(storage, name) {
    this.storage = storage;
    this.name = name;
  }

  /** @param {string} method a name that no other method of any service has @returns {Sent[]} */
  of(method) {
    return this.#all().filter((one) => one.method === method).map(({ sent }) => sent);
  }

  /** @param {string} method @param {Sent} sent @returns {boolean} whether it is kept */
  add(method, sent) {
    if (write(sent.params).length > MOST_OF_ONE) return false;
    const all = [{ method, sent }, ...this.#all()];
    let [count, size] = [0, 0];
    const kept = all.filter((one) => {
      size += write(entry(one)).length + 1;
      if (one.method === method) count += 1;
      return size < MOST_CHARACTERS && (one.method !== method || count <= MOST_OF_METHOD);
    });
    return this.#save(kept);
  }

  /** Forget what was sent to one method. @param {string} method */
  forget(method) {
    this.#save(this.#all().filter((one) => one.method !== method));
  }

  /** @returns {{method: string, sent: Sent}[]} */
  #all() {
    try {
      const found = parse(this.storage?.getItem(this.name) ?? "[]");
      return Array.isArray(found) ? found.map(known).filter((one) => one !== null) : [];
    } catch {
      return [];
    }
  }

  /** @param {{method: string, sent: Sent}[]} all */
  #save(all) {
    try {
      if (all.length === 0) this.storage?.removeItem(this.name);
      else this.storage?.setItem(this.name, write(all.map(entry)));
      return this.storage !== null;
    } catch {
      return false; // full, or forbidden by the browser's settings
    }
  }
}

/** @param {{method: string, sent: Sent}} one */
const entry = ({ method, sent: { at, params, leftOut, outcome } }) => ({ method, at, params, left_out: leftOut, outcome });

/** @param {any} one @returns {{method: string, sent: Sent}|null} */
function known(one) {
  if (!isObject(one) || typeof one.method !== "string" || typeof one.at !== "number" || typeof one.outcome !== "string") return null;
  const leftOut = Array.isArray(one.left_out) ? one.left_out.map(String) : [];
  return { method: one.method, sent: { at: one.at, params: one.params ?? null, leftOut, outcome: one.outcome } };
}
