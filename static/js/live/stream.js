/**
 * The event stream: one EventSource at a time, opened again when it is dead, silent, or given up by the
 * browser. Passes on frames and the state of the connection, without reading the data.
 * @module
 */

import { base } from "./base_url.js";

const NAMES = [
  "hello", "service_added", "service_updated", "status_change", "service_removed", "scan",
  "resync", "ping", "stale", "fresh", "mutes",
];
const FIRST_PAUSE_MS = 500;
const MOST_PAUSE_MS = 10_000;
/** Least time between two clicks on "try now" that count. */
const HURRY_MS = 1_000;

/**
 * The state of a stream; times are by the clock of its owner. `silentSince` is when the last frame before
 * a silence arrived, `openAt` since when the stream is open without a `hello`, `nextTryAt` when it is
 * opened again (null: the browser decides).
 * @typedef {{connected: boolean, lostAt: number|null, heardAt: number, silentSince: number|null,
 *   openAt: number|null, nextTryAt: number|null}} State
 */

/** @implements {State} */
export class Stream {
  /**
   * @param {{frame: (frame: import("./store.js").Frame) => void, state: () => void, cursor: () => string|null}} told
   * @param {() => number} [now] our time in ms
   */
  constructor({ frame, state, cursor }, now = () => performance.now()) {
    this.told = { frame, state, cursor };
    this.now = now;
    /** @type {EventSource|null} */ this.source = null;
    this.connected = false;
    this.failures = 0;
    this.triedAt = -Infinity;
    /** @type {number|null} since when there is no connection */ this.lostAt = now();
    this.heardAt = now();
    /** @type {number|null} */ this.silentSince = null;
    /** @type {number|null} */ this.openAt = null;
    /** @type {number|null} */ this.nextTryAt = null;
    /** @type {ReturnType<typeof setTimeout>|undefined} */ this.timer = undefined;
  }

  /** Whether the stream is open, or will be opened. */
  get isOpen() {
    return this.source !== null || this.timer !== undefined;
  }

  /** Open the stream at the page's position. */
  open() {
    this.#drop();
    const cursor = this.told.cursor();
    const query = cursor === null ? "" : `?cursor=${encodeURIComponent(cursor)}`;
    const source = new EventSource(`${base}api/events${query}`);
    this.source = source;
    this.heardAt = this.triedAt = this.now();
    for (const name of NAMES) {
      source.addEventListener(name, (message) => this.#heard(source, name, message));
    }
    source.onopen = () => this.#opened(source);
    source.onerror = () => this.#failed(source);
  }

  /** Close the stream; no more frames are passed on. */
  close() {
    this.#drop();
    this.connected = false;
    this.lostAt ??= this.now();
  }

  /** Called often: open the stream again if it has been silent for too long. @param {number} silenceMs */
  check(silenceMs) {
    if (!this.source || this.now() - this.heardAt <= silenceMs) return;
    this.silentSince ??= this.heardAt;
    this.#again();
  }

  /** A person clicked "try now". */
  hurry() {
    if (this.connected || this.now() - this.triedAt < HURRY_MS) return;
    this.open();
    this.told.state();
  }

  /** The head of the answer has come. @param {EventSource} source */
  #opened(source) {
    if (source !== this.source || this.connected) return;
    this.openAt ??= this.now();
    this.told.state();
  }

  /** @param {EventSource} source @param {string} name @param {MessageEvent} message */
  #heard(source, name, message) {
    if (source !== this.source) return;
    this.heardAt = this.now();
    if (name === "hello") {
      this.connected = true;
      this.failures = 0;
      this.lostAt = this.silentSince = this.openAt = null;
    }
    this.told.frame({ event: name, id: message.lastEventId, data: JSON.parse(message.data) });
    this.told.state();
  }

  /** @param {EventSource} source */
  #failed(source) {
    if (source !== this.source) return;
    this.#lost();
    // The browser reconnects by itself, but it gives up for ever on any answer but 200.
    if (source.readyState === EventSource.CLOSED) this.#again();
    this.told.state();
  }

  #lost() {
    this.connected = false;
    this.openAt = null;
    this.lostAt ??= this.now();
    this.failures += 1;
  }

  #drop() {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.nextTryAt = this.openAt = null;
    this.source?.close();
    this.source = null;
  }

  #again() {
    if (this.connected) this.#lost();
    this.#drop();
    const longest = Math.min(FIRST_PAUSE_MS * 2 ** this.failures, MOST_PAUSE_MS);
    const pause = longest * (0.5 + Math.random() / 2);
    this.nextTryAt = this.now() + pause;
    this.timer = setTimeout(() => {
      this.open();
      this.told.state();
    }, pause);
    this.told.state();
  }
}
