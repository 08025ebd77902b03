/**
 * Keeps a page's state right: opens the stream, loads the state when one is wanted, polls it where no
 * stream comes, and finds out what is wrong. It owns everything that time brings, and no document.
 * @module
 */

import { POLL_AFTER_MS, freshness, silenceMs } from "./freshness.js";

const TICK_MS = 1_000;
const SLEPT_MS = 5_000;
const POLL_EVERY_MS = 5_000;
const RETRY_MS = 500;
const MOST_RETRY_MS = 5_000;
const LINES = 100;

/** @typedef {ConstructorParameters<typeof import("./stream.js").Stream>[0]} Told */
/** @typedef {Pick<import("./tab.js").SharedStream, "state"|"connected"|"open"|"close"|"check"|"hurry">} Following */
/** @typedef {Pick<typeof import("./api.js"), "services"|"recent"|"lives">} Api */

export class Follower {
  /**
   * @param {import("./store.js").Store} store
   * @param {{api: Api, stream: (told: Told) => Following,
   *   hidden: () => boolean, changed: () => void}} outside
   */
  constructor(store, { api, stream, hidden, changed }) {
    this.store = store;
    this.clock = store.clock;
    this.outside = { api, hidden, changed };
    this.stream = stream({
      frame: (frame) => this.#heard(frame),
      state: changed,
      cursor: () => store.place,
    });
    /** @type {import("./freshness.js").Page} */
    this.page = { wokeAt: null, polledAt: null, error: null, lives: null };
    this.fetching = false;
    this.lastTick = this.clock.now();
    this.nextPoll = 0;
    /** @type {number|null} since when the stream is late */ this.lateAt = null;
    store.changed = changed;
  }

  /** How fresh the state is right now. */
  get fresh() {
    return freshness(this.store, this.stream.state, this.page);
  }

  /** Begin. The stream and the state are asked for at once: the store knows what to do whichever comes first. */
  start() {
    this.stream.open();
    void this.#refetch();
    void this.#ask(LINES, (answer) => this.store.fill(answer));
  }

  /** Each second: was the page asleep, is the stream late, is it time to poll. */
  tick() {
    const now = this.clock.now();
    if (now - this.lastTick > SLEPT_MS + TICK_MS && !this.#isOnlySlowed(now)) this.wake();
    this.lastTick = now;
    this.stream.check(silenceMs(this.store));
    this.#watch(now);
    if (this.#alone(now) && now >= this.nextPoll && !this.outside.hidden() && !this.fetching) {
      this.nextPoll = now + POLL_EVERY_MS;
      void this.#load();
    }
    this.outside.changed();
  }

  /** Nothing counts as live until a frame proves it. */
  wake() {
    this.page.wokeAt = this.clock.now();
    this.stream.open();
    // How far the clocks are apart may have changed too.
    void this.#ask(1, () => {});
    this.outside.changed();
  }

  /** The page is put away: nothing may pile up for it. */
  close() {
    this.stream.close();
  }

  /** A person does not want to wait. */
  hurry() {
    this.stream.hurry();
    if (!this.fetching) void this.#load();
  }

  /** @param {import("./store.js").Frame} frame */
  #heard(frame) {
    this.page.wokeAt = null;
    this.store.apply(frame);
    if (this.fresh.link === "live") {
      this.page.polledAt = this.page.lives = this.lateAt = null;
      if (!this.store.wanted) this.page.error = null;
    }
    if (frame.event === "hello" && this.store.behind) void this.#ask(1, (answer) => this.store.aim(answer));
    if (this.store.wanted) void this.#refetch();
  }

  /** A stream that has just become late: does the router answer at all? @param {number} now */
  #watch(now) {
    const late = this.stream.connected && ["late", "polling"].includes(this.fresh.link);
    if (!late) this.lateAt = null;
    if (!late || this.lateAt !== null) return;
    this.lateAt = now;
    this.page.lives = null;
    void this.outside.api.lives().then((lives) => {
      if (this.lateAt === now) this.page.lives = lives;
      this.outside.changed();
    });
    // Its clock may have been set: then nothing is late.
    void this.#ask(1, () => {});
  }

  /** Whether there has been no stream for long, or none in time. @param {number} now */
  #alone(now) {
    const since = this.stream.connected ? this.lateAt : this.stream.state.lostAt;
    return since !== null && now - since > POLL_AFTER_MS;
  }

  /** Fetch the state until an answer may be taken; one fetch serves however many resyncs came. */
  async #refetch() {
    if (this.fetching) return;
    this.fetching = true;
    let retry = RETRY_MS;
    while (this.store.wanted) {
      await pause(this.store.wanted.afterMs);
      if (this.store.wanted) this.store.wanted.afterMs = 0;
      if (!(await this.#load())) {
        await pause(retry * (0.5 + Math.random()));
        retry = Math.min(retry * 2, MOST_RETRY_MS);
      }
    }
    this.fetching = false;
  }

  /** One answer of the state API; whether the page now holds it. */
  async #load() {
    const asked = this.clock.now();
    try {
      const answer = await this.outside.api.services();
      this.clock.answered(answer.now, asked, this.clock.now());
      const taken = this.store.snapshot(answer, { streaming: this.stream.connected });
      this.page.error = null;
      if (taken && this.fresh.link !== "live") this.page.polledAt = this.clock.now();
      return taken;
    } catch (error) {
      this.page.error = error instanceof Error ? error.message : String(error);
      return false;
    } finally {
      this.outside.changed();
    }
  }

  /** Ask for the last events. A router of an older version has no answer, and nothing depends on it. @param {number} number @param {(answer: any) => void} taken */
  async #ask(number, taken) {
    const asked = this.clock.now();
    const answer = await this.outside.api.recent(number).catch(() => null);
    if (answer === null) return;
    this.clock.answered(answer.now, asked, this.clock.now());
    taken(answer);
    this.outside.changed();
  }

  /** Browsers slow the timers of hidden tabs: that is no sleep while frames still come. @param {number} now */
  #isOnlySlowed(now) {
    return this.outside.hidden() && now - this.stream.state.heardAt <= silenceMs(this.store);
  }
}

/** @param {number} ms */
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
