/**
 * Two clocks. `now()` is this machine's clock: it never goes back, and counts the time while the machine
 * sleeps. `router()` is the router's clock (that of Redis), by which all times in frames and answers are
 * given: its difference from our clock is estimated from every frame and answer that contains its time.
 * @module
 */

/** Both clocks of a machine differ by less than this, unless it slept or somebody set one. */
const JUMP_MS = 2_000;
/** The fastest drift between two clocks, as a part of the time that passes. */
const DRIFT = 1 / 1_000;

export class Clock {
  /**
   * @param {{mono?: () => number, wall?: () => number}} [clocks] in milliseconds: a monotonic clock,
   *   which may stand still while the machine sleeps; and the time of day, which may be set
   */
  constructor({ mono = () => performance.now(), wall = () => Date.now() } = {}) {
    this.clocks = { mono, wall };
    this.last = { mono: mono(), wall: wall() };
    this.slept = 0;
    /** The router's time is ahead of ours by at least this; at first estimated by our time of day. */
    this.least = this.last.wall - this.last.mono;
    /** The router's time is ahead of ours by at most this. */
    this.most = Infinity;
    this.told = false;
    this.toldAt = this.last.mono;
  }

  /** @returns {number} ms since any moment */
  now() {
    const [mono, wall] = [this.clocks.mono(), this.clocks.wall()];
    const slept = wall - this.last.wall - (mono - this.last.mono);
    this.last = { mono, wall };
    // Whether the machine slept or its time was set is unknown: the estimate allows for both.
    if (slept > JUMP_MS) {
      this.slept += slept;
      this.least -= slept;
    }
    return mono + this.slept;
  }

  /** The router's time, in Unix ms, at one of our times. */
  router(at = this.now()) {
    return at + this.least;
  }

  /** How old a frame with this time of the router was when it arrived, at least. @param {number} routerMs @param {number} at */
  delay(routerMs, at) {
    return this.router(at) - routerMs;
  }

  /** Improve the estimate by a frame: it was sent before it arrived. @param {number} routerMs @param {number} at */
  framed(routerMs, at) {
    this.#narrow(routerMs - at, Infinity, at);
  }

  /**
   * Improve the estimate by an answer: it was made after the request was sent and before it arrived.
   * @param {number} routerMs @param {number} asked @param {number} came
   */
  answered(routerMs, asked, came) {
    this.#narrow(routerMs - came, routerMs - asked, came);
  }

  /** @param {number} least @param {number} most @param {number} at */
  #narrow(least, most, at) {
    const drift = Math.max(0, at - this.toldAt) * DRIFT;
    const [before, after] = [this.least - drift, this.most + drift];
    this.toldAt = at;
    // A bound that contradicts the known ones shows that a clock was set: the newest bound counts.
    const fits = this.told && least <= after && most >= before;
    this.told = true;
    this.least = fits ? Math.max(least, before) : least;
    this.most = fits ? Math.min(most, after) : most;
  }
}
