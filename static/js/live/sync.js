/**
 * Keeps the page's state current: opens the stream, loads the state when it is needed, polls it while no
 * stream arrives, and finds the cause. Everything that happens by time is here; the document is not.
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
   * @param {{api: Api, stream: (told: Told) => Following, hidden: () => boolean, changed: () => void,
   *   pause?: (ms: number) => Promise<void>, chance?: () => number}} outside
   */
  constructor(store, { api, stream, hidden, changed, pause = paused, chance = Math.random }) {
    this.store = store;
    this.clock = store.clock;
    this.outside = { api, hidden, changed, pause, chance };
    this.stream = stream({
      frame: (frame) => this.#heard(frame),
      state: changed,
      cursor: () => store.place,
    });
    /** @type {import("./freshness.js").Page} */
    this.page = { wokeAt: null, polledAt: null, error: null, lives: null };
    this.fetching = false;
    /** Whether the state was asked for before. */ this.asked = false;
    this.lastTick = this.clock.now();
    this.nextPoll = 0;
    /** @type {number|null} since when the stream is late */ this.lateAt = null;
    store.changed = changed;
  }

  /** How fresh the state is right now. */
  get fresh() {
    return freshness(this.store, this.stream.state, this.page);
  }

  /** Open the stream and request the state at once: the store can take either first. */
  start() {
    this.stream.open();
    void this.#refetch();
    void this.#ask(LINES, (answer) => this.store.fill(answer));
  }

  /** Check each second whether the page was asleep, the stream is late, or a poll is due. */
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

  /** The page was asleep: it is not live until a new frame arrives. */
  wake() {
    this.page.wokeAt = this.clock.now();
    this.stream.open();
    // How far the clocks are apart may have changed too.
    void this.#ask(1, () => {});
    this.outside.changed();
  }

  /** Close the stream of a page that is hidden or frozen: no events may pile up for it. */
  close() {
    this.stream.close();
  }

  /** A person clicked "try now". */
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
    void this.#refetch();
  }

  /** If the stream has just become late, ask whether the router answers at all. @param {number} now */
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
    // The router's clock may have been set: then the stream is not late.
    void this.#ask(1, () => {});
  }

  /** Whether the stream has been lost or late for so long that the state is polled. @param {number} now */
  #alone(now) {
    const since = this.stream.connected ? this.lateAt : this.stream.state.lostAt;
    return since !== null && now - since > POLL_AFTER_MS;
  }

  /** Fetch the state, if it is wanted, until an answer is new enough; one fetch serves several resyncs. */
  async #refetch() {
    if (this.fetching) return;
    this.fetching = true;
    const { pause, chance } = this.outside;
    let retry = RETRY_MS;
    while (this.store.wanted) {
      await pause(this.store.wanted.afterMs);
      // What was asked for before may have come meanwhile.
      if (!this.store.wanted) break;
      this.store.wanted.afterMs = 0;
      if (!(await this.#load())) {
        await pause(retry * (0.5 + chance()));
        retry = Math.min(retry * 2, MOST_RETRY_MS);
      }
    }
    this.fetching = false;
  }

  /** Fetch the state once; returns whether the page took the answer. */
  async #load() {
    const first = !this.asked;
    this.asked = true;
    // The browser may have sent the first request at any time since it began to load the page.
    const asked = first ? 0 : this.clock.now();
    try {
      const answer = await this.outside.api.services(first);
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

  /** Fetch the newest events. An older router has no answer, and nothing depends on it. @param {number} number @param {(answer: any) => void} taken */
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

/** @param {number} ms @returns {Promise<void>} */
const paused = (ms) => new Promise((done) => setTimeout(done, ms));
