/**
 * The state of the console's one request, from the click to the answer: waiting, cancelled, failed, or answered.
 * @module
 */

import { outcomes } from "./answer_kind.js";
import { bundle } from "./schema_bundle.js";
import { send } from "./send.js";

/** @typedef {import("./method.js").Method} Method */
/** @typedef {import("./validation_client.js").ValidationClient} Validator */
/** Where a request goes, or why that cannot be. @typedef {{url: string|null, why: string}} Target */
/** @typedef {{validator: Validator, methodOf: (name: string) => Method|null}} Around */

const TICK_MS = 1_000;
let last = 0;

export class RequestState {
  /** @param {Around} around @param {import("./answer_view.js").AnswerView} result @param {() => void} changed whether one is under way has changed */
  constructor(around, result, changed) {
    this.around = around;
    this.result = result;
    this.changed = changed;
    /** @type {AbortController|null} */ this.running = null;
  }

  /** The id that the next request would have. */
  get next() {
    return last + 1;
  }

  /** An id for a request that is sent later. */
  take() {
    return (last += 1);
  }

  get busy() {
    return this.running !== null;
  }

  cancel() {
    this.running?.abort();
  }

  /** Send, unless something is under way. @param {Target} target @param {any[]} requests @param {(outcome: string) => void} ended gets what became of it @param {boolean} [together] as a batch, even if it is one */
  async run({ url, why }, requests, ended, together = false) {
    if (this.busy) return;
    if (url === null) return this.result.say(why, true);
    const running = (this.running = new AbortController());
    last = Math.max(last, ...requests.map(({ id }) => id ?? 0));
    const begun = performance.now();
    this.result.say("waiting for the answer", false);
    const timer = setInterval(() => this.result.wait(`${Math.round((performance.now() - begun) / 1000)} s`), TICK_MS);
    this.changed();
    try {
      const received = await send(url, together ? requests : requests[0], running.signal);
      const found = outcomes(received, requests, (name) => this.around.methodOf(name)?.errors ?? []);
      this.result.show({ requests, outcomes: found, received, at: Date.now() });
      ended(found[0].title);
      if (found.length === 1 && found[0].kind === "result") await this.#judge(requests[0].method, found[0].value);
    } catch (error) {
      const text = running.signal.aborted ? "cancelled: the service may have carried out the request" : String(error instanceof Error ? error.message : error);
      this.result.say(text, true);
      ended(text);
    } finally {
      clearInterval(timer);
      this.running = null;
      this.changed();
    }
  }

  /** @param {string} name @param {any} value */
  async #judge(name, value) {
    const method = this.around.methodOf(name);
    if (method && method.result !== null) this.result.judge(await this.around.validator.check(bundle(method.references, method.result), value));
  }
}
