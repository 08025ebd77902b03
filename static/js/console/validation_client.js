/**
 * Asks the validation worker whether a value is valid by a schema, and ends the worker if it takes too long.
 * @module
 */

import { plain } from "./json_value.js";

/** @typedef {import("./validation_problems.js").Problem} Problem */
/** @typedef {import("./schema_bundle.js").Bundle} Bundle */
/** @typedef {{problems: Problem[], unchecked: string[]}} Validity `unchecked`: what could not be checked, in words */

const LIMIT_MS = 200;
/** The worker's modules may have to be loaded first. */
const START_MS = 10_000;

const begin = () => new Worker(new URL("./validation_worker.js", import.meta.url), { type: "module" });

export class ValidationClient {
  /** @param {() => Worker} [start] @param {number} [limit] ms */
  constructor(start = begin, limit = LIMIT_MS) {
    this.start = start;
    this.limit = limit;
    /** @type {Promise<Worker>|null} */ this.worker = null;
    /** @type {Promise<any>} */ this.last = Promise.resolve();
    this.number = 0;
  }

  /** Load the worker before it is needed. */
  warm() {
    this.worker ??= this.#started();
    return this.worker;
  }

  /** End the worker. */
  async close() {
    const worker = this.worker;
    this.worker = null;
    await worker?.then((running) => running.terminate(), () => {});
  }

  /** One at a time, in the order of the calls. @param {Bundle} bundle @param {any} value @returns {Promise<Validity>} */
  check({ schema, unchecked }, value) {
    this.last = this.last.then(async () => {
      const verdict = await this.#ask(schema, plain(value));
      const failed = verdict.failed === undefined ? [] : [`the rest: ${verdict.failed}`];
      return { problems: verdict.problems ?? [], unchecked: [...unchecked, ...failed] };
    });
    return this.last;
  }

  /** @param {any} schema @param {any} value @returns {Promise<{problems?: Problem[], failed?: string}>} */
  async #ask(schema, value) {
    try {
      const worker = await this.warm();
      const number = (this.number += 1);
      // A busy machine may let the worker wait: that is no fault of the schema.
      await this.#within(worker, START_MS, (answer) => answer.number === number, () => worker.postMessage({ number, schema, value }));
      return await this.#within(worker, this.limit, (answer) => answer.number === number && !answer.begun, () => {});
    } catch (error) {
      await this.close();
      return { failed: String(error instanceof Error ? error.message : error) };
    }
  }

  async #started() {
    const worker = this.start();
    await this.#within(worker, START_MS, (answer) => answer.number === 0, () => {});
    return worker;
  }

  /** @param {Worker} worker @param {number} ms @param {(answer: any) => boolean} wanted @param {() => void} ask @returns {Promise<any>} */
  #within(worker, ms, wanted, ask) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        worker.terminate();
        reject(new Error(`it took longer than ${ms} ms`));
      }, ms);
      worker.onerror = () => reject(new Error("the validator did not start"));
      worker.onmessage = ({ data }) => {
        if (!wanted(data)) return;
        clearTimeout(timer);
        resolve(data);
      };
      ask();
    });
  }
}
