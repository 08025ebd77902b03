/**
 * Polls the router for data that changes once a minute, while a view needs it: once a minute, at once where
 * something else is wanted or is known to have changed, and sooner after an error.
 * @module
 */

const EVERY_MS = 60_000;
const RETRY_MS = 10_000;

/** @template T */
export class MinutePoller {
  /**
   * @param {() => number} now our clock, in ms
   * @param {(...words: string[]) => Promise<T>} ask
   * @param {(answer: T|null, error: string, key: string) => void} told one of answer and error is given
   */
  constructor(now, ask, told) {
    this.now = now;
    this.ask = ask;
    this.told = told;
    this.key = this.version = "";
    this.due = 0;
  }

  /**
   * Called again and again.
   * @param {string|null} key the words to ask with, in one text; null: nothing is wanted at present
   * @param {string} version another one says that the answer is another one by now
   */
  want(key, version = "") {
    if (key === null) return;
    if (key === this.key && version === this.version && this.now() < this.due) return;
    [this.key, this.version] = [key, version];
    this.due = this.now() + EVERY_MS;
    void this.#ask(key, version);
  }

  /** An answer to what is no longer wanted, or was asked before something changed, is dropped. @param {string} key @param {string} version */
  async #ask(key, version) {
    let [answer, error] = [/** @type {T|null} */ (null), ""];
    try {
      answer = await this.ask(...key.split(" "));
    } catch (failure) {
      error = failure instanceof Error ? failure.message : String(failure);
    }
    if (key !== this.key || version !== this.version) return;
    if (error) this.due = this.now() + RETRY_MS;
    this.told(answer, error, key);
  }
}
