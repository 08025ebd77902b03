/**
 * Measures how old the stream's frames are when they arrive. The bytes of a stream that a proxy delays
 * look normal; only the router's time in the frames shows the delay.
 * @module
 */

/** A frame that is older than this is late. */
export const LATE_MS = 3_000;

export class StreamLag {
  /** @param {import("./clock.js").Clock} clock */
  constructor(clock) {
    this.clock = clock;
    /** @type {{router: number, at: number}|null} the last frame whose age counts */ this.last = null;
    /** Events from before this time (router's clock) are replayed, and are not late. */
    this.liveFrom = -Infinity;
  }

  /** @param {import("./store.js").Frame} frame @param {number} at when it came, by our clock */
  take({ event, data }, at) {
    const { now, at: published } = data;
    if (Number.isFinite(now)) this.#mark(now, at);
    if (event === "hello" || event === "resync") this.liveFrom = now ?? this.clock.router(at);
    else if (Number.isFinite(published) && published >= this.liveFrom) this.#mark(published, at);
  }

  /** How old the last frame was, in ms; 0 if unknown, as with a router of an older version. */
  get delay() {
    return this.last === null ? 0 : Math.max(0, this.clock.delay(this.last.router, this.last.at));
  }

  /** @param {number} router @param {number} at */
  #mark(router, at) {
    this.clock.framed(router, at);
    this.last = { router, at };
  }
}
