/**
 * Requests details of one service that the state of all services lacks: its last probe, addresses and errors. It asks at
 * once where another service is wanted, and then again and again.
 * @module
 */

const EVERY_MS = 5_000;

/** @typedef {Pick<typeof import("../live/api.js"), "service"|"routingErrors">} Api */

export class Details {
  /**
   * @param {Api} api
   * @param {{now: () => number, wanted: () => string|null, told: (details: {id: string, answer: any}) => void}} outside
   *   `wanted` is the id of a service, or null; an answer is null where it cannot be had
   */
  constructor(api, outside) {
    this.api = api;
    this.outside = outside;
    this.due = 0;
    /** @type {string|null} the service that was asked for last */ this.asked = null;
  }

  /** Called often: ask if it is time, or if another service is wanted. */
  look() {
    if (this.outside.wanted() !== this.asked || this.outside.now() >= this.due) void this.#ask();
  }

  async #ask() {
    const { now, wanted, told } = this.outside;
    const id = (this.asked = wanted());
    if (id === null) return;
    this.due = now() + EVERY_MS;
    try {
      const [[service, took], log] = await Promise.all([timed(this.api.service(id)), this.api.routingErrors(id)]);
      told({ id, answer: { ...service, log, took_ms: took } });
    } catch {
      told({ id, answer: null });
    }
  }
}

/** An answer and how long it took, in ms. @template T @param {Promise<T>} asked @returns {Promise<[T, number]>} */
async function timed(asked) {
  const began = performance.now();
  return [await asked, performance.now() - began];
}
