/**
 * A tab's side of the stream that a shared worker holds for all tabs; it has the interface of `Stream`.
 * If the browser has no shared workers (Chrome on Android), or this worker does not start, the tab opens
 * a stream of its own.
 * @module
 */

import { digest } from "./base_url.js";
import { UNKNOWN } from "./fanout.js";
import { Stream } from "./stream.js";

/** A worker without a message for this time is dead: it sends one every two seconds. */
const MOST_SILENCE_MS = 7_000;
/** A new worker that has not answered within this time will not answer. */
const MOST_START_MS = 5_000;
/** After this many messages the tab reports how far it has read: the worker sends at most 4096 ahead. */
const READ_EVERY = 128;
/** Pages of two versions never share a worker. */
const NAME = `hero_router ${digest}`;

/** @typedef {import("./stream.js").State} State */

export class SharedStream {
  /** @param {ConstructorParameters<typeof Stream>[0]} told @param {() => number} [now] our time in ms */
  constructor(told, now = () => performance.now()) {
    this.told = told;
    this.now = now;
    /** @type {Stream|null} the tab's own stream, if it cannot share one */ this.own = null;
    /** @type {SharedWorker|null} */ this.worker = null;
    /** @type {MessagePort|null} */ this.port = null;
    /** @type {State} */ this.shared = { ...UNKNOWN, lostAt: now(), heardAt: now() };
    this.read = 0;
    this.wordAt = now();
  }

  /** The state of the stream, by this tab's clock. @returns {State} */
  get state() {
    return this.own ?? this.shared;
  }

  get connected() {
    return this.state.connected;
  }

  /** Open the stream at the page's position. */
  open() {
    if (this.own) return this.own.open();
    this.close();
    try {
      this.#join();
    } catch {
      this.#alone();
    }
  }

  /** Close the stream; no more frames are passed on. */
  close() {
    this.own?.close();
    if (!this.port) return;
    this.port.onmessage = null;
    this.port.postMessage({ leave: true });
    this.port.close();
    this.port = this.worker = null;
  }

  /** Called often: notice a dead worker, as the worker notices a dead stream. @param {number} silenceMs */
  check(silenceMs) {
    if (this.own) return this.own.check(silenceMs);
    if (!this.port) return;
    const silence = this.now() - this.wordAt;
    if (this.read === 0 && silence > MOST_START_MS) this.#alone();
    else if (silence > MOST_SILENCE_MS) this.#again();
  }

  /** A person clicked "try now". */
  hurry() {
    if (this.own) this.own.hurry();
    else this.port?.postMessage({ hurry: true });
  }

  #join() {
    const worker = new SharedWorker(new URL("./worker.js", import.meta.url), { type: "module", name: NAME });
    const port = worker.port;
    this.port = port;
    // A worker that nothing refers to may be collected before it can report that its script is missing.
    this.worker = worker;
    this.read = 0;
    this.wordAt = this.now();
    worker.onerror = () => port === this.port && this.#alone();
    port.onmessage = ({ data }) => this.#heard(port, data);
    port.postMessage({ join: this.told.cursor() });
  }

  /** @param {MessagePort} port @param {any} message whose times are by the worker's clock, which says `now` */
  #heard(port, { frame, state, heardAt, now }) {
    this.wordAt = this.now();
    this.read += 1;
    if (this.read % READ_EVERY === 0) port.postMessage({ read: this.read });
    const ahead = this.wordAt - now;
    if (state) this.#told(state, ahead);
    if (frame) this.#frame(frame, heardAt + ahead);
    this.told.state();
  }

  /** Take the worker's state of the stream. Only a `hello` makes this tab connected; it may know of a loss longer than the worker. @param {State} state @param {number} ahead */
  #told({ connected, lostAt, heardAt, silentSince, openAt, nextTryAt }, ahead) {
    const ours = (/** @type {number|null} */ time) => (time === null ? null : time + ahead);
    this.shared.heardAt = heardAt + ahead;
    if (connected) return;
    const { lostAt: lost, silentSince: silent } = this.shared;
    this.shared = {
      ...{ connected, heardAt: heardAt + ahead, openAt: ours(openAt), nextTryAt: ours(nextTryAt) },
      lostAt: lost ?? ours(lostAt) ?? this.now(),
      silentSince: silent ?? ours(silentSince),
    };
  }

  /** @param {import("./store.js").Frame} frame @param {number} heardAt */
  #frame(frame, heardAt) {
    this.shared.heardAt = heardAt;
    if (frame.event === "hello") this.shared = { ...UNKNOWN, connected: true, heardAt };
    this.told.frame(frame);
  }

  /** The worker died: join the next one, which all tabs share again. */
  #again() {
    const { heardAt, lostAt } = this.shared;
    this.shared = { ...UNKNOWN, lostAt: lostAt ?? this.now(), heardAt, silentSince: heardAt };
    this.told.state();
    this.open();
  }

  #alone() {
    this.close();
    this.own = new Stream(this.told, this.now);
    this.own.open();
  }
}
