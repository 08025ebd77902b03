/**
 * The stream of events: one EventSource at a time, opened anew when it is dead, silent or given up.
 * Hands on frames and whether it is connected; knows nothing of what they mean.
 * @module
 */

const NAMES = [
  "hello", "service_added", "service_updated", "status_change", "service_removed", "scan",
  "resync", "ping", "stale", "fresh",
];
const FIRST_PAUSE_MS = 500;
const MOST_PAUSE_MS = 10_000;

export class Stream {
  /**
   * @param {{frame: (frame: import("./store.js").Frame) => void, state: () => void, cursor: () => string|null}} told
   */
  constructor({ frame, state, cursor }) {
    this.told = { frame, state, cursor };
    /** @type {EventSource|null} */ this.source = null;
    this.connected = false;
    this.failures = 0;
    /** @type {number|null} since when there is no connection */ this.lostAt = Date.now();
    this.heardAt = Date.now();
    /** @type {number|null} the last word before it fell silent */ this.silentSince = null;
    /** @type {number|undefined} */ this.timer = undefined;
  }

  /** Whether it is open, or will be. */
  get isOpen() {
    return this.source !== null || this.timer !== undefined;
  }

  /** Open, at the position that the page has. */
  open() {
    this.#drop();
    const cursor = this.told.cursor();
    const query = cursor === null ? "" : `?cursor=${encodeURIComponent(cursor)}`;
    const source = new EventSource(`/api/events${query}`);
    this.source = source;
    this.heardAt = Date.now();
    for (const name of NAMES) {
      source.addEventListener(name, (message) => this.#heard(source, name, message));
    }
    source.onerror = () => this.#failed(source);
  }

  /** Close; nothing more is told. */
  close() {
    this.#drop();
    this.connected = false;
    this.lostAt ??= Date.now();
  }

  /** Called often: opens anew what has been silent for too long. @param {number} silenceMs */
  check(silenceMs) {
    if (!this.source || Date.now() - this.heardAt <= silenceMs) return;
    this.silentSince ??= this.heardAt;
    this.#again();
  }

  /** @param {EventSource} source @param {string} name @param {MessageEvent} message */
  #heard(source, name, message) {
    if (source !== this.source) return;
    this.heardAt = Date.now();
    if (name === "hello") {
      this.connected = true;
      this.failures = 0;
      this.lostAt = this.silentSince = null;
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
  }

  #lost() {
    this.connected = false;
    this.lostAt ??= Date.now();
    this.failures += 1;
    this.told.state();
  }

  #drop() {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.source?.close();
    this.source = null;
  }

  #again() {
    if (this.connected) this.#lost();
    this.#drop();
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** this.failures, MOST_PAUSE_MS);
    this.timer = setTimeout(() => this.open(), pause * (0.5 + Math.random() / 2));
  }
}
