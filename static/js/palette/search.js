/**
 * Searches all entries of the command palette in short pieces, so that typing never waits. A newer search ends an older one.
 * @module
 */

import { Best, score, wordsOf } from "./match.js";

/** @typedef {import("./sources.js").Offer} Offer */

const MOST = 50;
const PIECE_MS = 8;
const AT_ONCE = 64;
/** What a kind adds to a line's score: of equal matches a service comes before its methods. @type {Record<string, number>} */
const WEIGHT = { action: 1.05, view: 1.1, filter: 1, service: 1.15, method: 0.9 };

export class Search {
  /** @param {{now: () => number, later: (run: () => void) => void}} outside `now` in ms; `later` runs something after what waits already */
  constructor(outside) {
    this.outside = outside;
    this.number = 0;
  }

  /** @param {string} query @param {() => Iterable<Offer>} all @param {(found: Offer[]) => void} told called once, if no newer search begins before */
  begin(query, all, told) {
    const mine = ++this.number;
    const words = wordsOf(query);
    const best = /** @type {Best<Offer>} */ (new Best(MOST));
    const left = all()[Symbol.iterator]();
    const piece = () => {
      if (this.number !== mine) return;
      if (this.#look(left, words, best)) told(best.items);
      else this.outside.later(piece);
    };
    piece();
  }

  /** Forget the search that runs. */
  end() {
    this.number += 1;
  }

  /** @param {Iterator<Offer>} left @param {string[]} words @param {Best<Offer>} best @returns {boolean} whether all is done */
  #look(left, words, best) {
    const until = this.outside.now() + PIECE_MS;
    do {
      for (let count = 0; count < AT_ONCE; count += 1) {
        const { done, value } = left.next();
        if (done) return true;
        best.add(value, score(words, value.text) * (WEIGHT[value.kind] ?? 1));
      }
    } while (this.outside.now() < until);
    return false;
  }
}
