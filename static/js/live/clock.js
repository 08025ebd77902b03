/**
 * Two times. `now()` is this machine's own: it never goes back, and a sleep of the machine counts.
 * `router()` is the router's clock (Redis's), which all times in frames and answers are told by: its
 * distance from ours is estimated from every frame and answer that says what time it is there.
 * @module
 */

/** Both clocks of a machine differ by less than this, unless it slept or somebody set one. */
const JUMP_MS = 2_000;
/** So fast may two clocks drift apart, as a part of the time that passes. */
const DRIFT = 1 / 1_000;

export class Clock {
  /**
   * @param {{mono?: () => number, wall?: () => number}} [clocks] in milliseconds: one that only goes
   *   on, but may stand still while the machine sleeps; and the time of day, which may be set
   */
  constructor({ mono = () => performance.now(), wall = () => Date.now() } = {}) {
    this.clocks = { mono, wall };
    this.last = { mono: mono(), wall: wall() };
    this.slept = 0;
    /** The router's time is ahead of ours by no less than this. Until it is told: by what our time of day says. */
    this.least = this.last.wall - this.last.mono;
    /** … and by no more than this. */
    this.most = Infinity;
    this.told = false;
    this.toldAt = this.last.mono;
  }

  /** @returns {number} ms since any moment */
  now() {
    const [mono, wall] = [this.clocks.mono(), this.clocks.wall()];
    const slept = wall - this.last.wall - (mono - this.last.mono);
    this.last = { mono, wall };
    // Whether the machine slept or its time was set cannot be told: both are allowed for.
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

  /** How old a frame of the router's time was when it came, at least. @param {number} routerMs @param {number} at */
  delay(routerMs, at) {
    return this.router(at) - routerMs;
  }

  /** A frame that was sent at that time came here: it was sent before it came. @param {number} routerMs @param {number} at */
  framed(routerMs, at) {
    this.#narrow(routerMs - at, Infinity, at);
  }

  /**
   * An answer that was made at that time: not before it was asked for, and not after it came.
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
    // What contradicts all that was known tells that a clock was set: the newest word counts.
    const fits = this.told && least <= after && most >= before;
    this.told = true;
    this.least = fits ? Math.max(least, before) : least;
    this.most = fits ? Math.min(most, after) : most;
  }
}
