/**
 * One run of the page's work for each animation frame, however much has changed. Long work is cut into
 * pieces, so that the page always answers its reader: after a piece the browser may handle input and
 * paint, and the rest follows in the next frame.
 * @module
 */

export const PIECE_MS = 8;

/** Let the browser do other work first. @returns {Promise<void>} */
export const pause = () => new Promise((done) => setTimeout(done));

export class FrameScheduler {
  /**
   * @param {{
   *   request: (run: () => void) => void, now: () => number,
   *   first: () => void, work: () => Iterator<boolean|void>,
   * }} outside `work` brings the page up to date and draws it; it yields true where the browser should
   *   paint first; `first` is what cannot wait for the work
   */
  constructor(outside) {
    this.outside = outside;
    /** @type {Iterator<boolean|void>|null} the work that has begun */ this.job = null;
    /** Whether something has changed since the work began. */ this.due = false;
    this.requested = false;
  }

  /** Something has changed. */
  ask() {
    this.due = true;
    this.#request();
  }

  /** Do all work at once, as in a hidden tab, which has no frames. */
  finish() {
    this.outside.first();
    this.#piece(Infinity);
  }

  #request() {
    if (this.requested) return;
    this.requested = true;
    this.outside.request(() => {
      this.requested = false;
      this.outside.first();
      this.#piece(this.outside.now() + PIECE_MS);
      if (this.job || this.due) this.#request();
    });
  }

  /** Work until all is done or a time has come. @param {number} end */
  #piece(end) {
    if (!this.job) this.due = false;
    this.job ??= this.outside.work();
    let { done, value } = this.job.next();
    while (!done && (!value || end === Infinity) && this.outside.now() < end) ({ done, value } = this.job.next());
    if (done) this.job = null;
  }
}
