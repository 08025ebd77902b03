/**
 * A tab's part of the stream that a shared worker holds for all tabs; from the outside it is like a
 * Stream. Where there are no shared workers (Chrome on Android), or this one does not work, the tab
 * has a stream of its own.
 * @module
 */

import { Stream } from "./stream.js";

/** A worker that has not said a word for so long is dead: it speaks every two seconds. */
const MOST_SILENCE_MS = 7_000;
/** A new worker that has not answered after so long will not. */
const MOST_START_MS = 5_000;
/** So often the worker is told how far this tab has read: it sends no more than 4096 messages ahead. */
const READ_EVERY = 128;

export class SharedStream {
  /** @param {ConstructorParameters<typeof Stream>[0]} told */
  constructor(told) {
    this.told = told;
    /** @type {Stream|null} the tab's own, where nothing can be shared */ this.own = null;
    /** @type {MessagePort|null} */ this.port = null;
    /** @type {import("./fanout.js").State} */
    this.state = { connected: false, lostAt: Date.now(), heardAt: Date.now(), silentSince: null };
    this.read = 0;
    this.wordAt = Date.now();
  }

  get connected() {
    return (this.own ?? this.state).connected;
  }

  get lostAt() {
    return (this.own ?? this.state).lostAt;
  }

  get heardAt() {
    return (this.own ?? this.state).heardAt;
  }

  get silentSince() {
    return (this.own ?? this.state).silentSince;
  }

  /** Open, at the position that the page has. */
  open() {
    if (this.own) return this.own.open();
    this.close();
    try {
      this.#join();
    } catch {
      this.#alone();
    }
  }

  /** Close; nothing more is told. */
  close() {
    this.own?.close();
    if (!this.port) return;
    this.port.onmessage = null;
    this.port.postMessage({ leave: true });
    this.port.close();
    this.port = null;
  }

  /** Called often: notices a dead worker, as the worker notices a dead stream. @param {number} silenceMs */
  check(silenceMs) {
    if (this.own) return this.own.check(silenceMs);
    if (!this.port) return;
    const silence = Date.now() - this.wordAt;
    if (this.read === 0 && silence > MOST_START_MS) this.#alone();
    else if (silence > MOST_SILENCE_MS) this.#again();
  }

  #join() {
    const worker = new SharedWorker(new URL("./worker.js", import.meta.url), { type: "module", name: "hero_router 1" });
    const port = worker.port;
    this.port = port;
    this.read = 0;
    this.wordAt = Date.now();
    worker.onerror = () => port === this.port && this.#alone();
    port.onmessage = ({ data }) => this.#heard(port, data);
    port.postMessage({ join: this.told.cursor() });
  }

  /** @param {MessagePort} port @param {any} message */
  #heard(port, { frame, state, heardAt }) {
    this.wordAt = Date.now();
    this.read += 1;
    if (this.read % READ_EVERY === 0) port.postMessage({ read: this.read });
    if (state) this.#told(state);
    if (frame) this.#frame(frame, heardAt);
    this.told.state();
  }

  /** Connected is only who was greeted; since when not, this tab may know longer than its worker. @param {import("./fanout.js").State} state */
  #told({ connected, lostAt, heardAt, silentSince }) {
    this.state.heardAt = heardAt;
    if (connected) return;
    this.state.connected = false;
    this.state.lostAt ??= lostAt ?? Date.now();
    this.state.silentSince ??= silentSince;
  }

  /** @param {import("./store.js").Frame} frame @param {number} heardAt */
  #frame(frame, heardAt) {
    this.state.heardAt = heardAt;
    if (frame.event === "hello") this.state = { connected: true, lostAt: null, heardAt, silentSince: null };
    this.told.frame(frame);
  }

  /** The worker died: the next one, which all tabs share again, goes on. */
  #again() {
    const { heardAt, lostAt } = this.state;
    this.state = { connected: false, lostAt: lostAt ?? Date.now(), heardAt, silentSince: heardAt };
    this.told.state();
    this.open();
  }

  #alone() {
    this.close();
    this.own = new Stream(this.told);
    this.own.open();
  }
}
