/**
 * How old the stream's frames are when they come. A proxy that holds the stream back looks alive by
 * its bytes; only the router's own time in them tells.
 * @module
 */

/** A frame that is older than this comes late. */
export const LATE_MS = 3_000;

export class Pulse {
  /** @param {import("./clock.js").Clock} clock */
  constructor(clock) {
    this.clock = clock;
    /** @type {{router: number, at: number}|null} the last frame whose age counts */ this.last = null;
    /** What happened before this, by the router's time, comes again and is old by right. */
    this.liveFrom = -Infinity;
  }

  /** @param {import("./store.js").Frame} frame @param {number} at when it came, by our clock */
  take({ event, data }, at) {
    const { now, at: published } = data;
    if (Number.isFinite(now)) this.#mark(now, at);
    if (event === "hello" || event === "resync") this.liveFrom = now ?? this.clock.router(at);
    else if (Number.isFinite(published) && published >= this.liveFrom) this.#mark(published, at);
  }

  /** How old the last frame was, in ms; 0 where nobody can say, as with a router of an older version. */
  get delay() {
    return this.last === null ? 0 : Math.max(0, this.clock.delay(this.last.router, this.last.at));
  }

  /** @param {number} router @param {number} at */
  #mark(router, at) {
    this.clock.framed(router, at);
    this.last = { router, at };
  }
}
