/**
 * The shared worker: holds the one stream that all tabs of a browser read. Browsers open only six
 * connections to a host that speaks HTTP/1.1, so a stream for each tab would block the seventh.
 * @module
 */

import { Clock } from "./clock.js";
import { Fanout } from "./fanout.js";
import { silenceMs } from "./freshness.js";
import { Stream } from "./stream.js";

const TICK_MS = 1_000;
const SLEPT_MS = 5_000;
const BEAT_TICKS = 2;

const clock = new Clock();
const now = () => clock.now();
const fanout = new Fanout({ now });
const told = {
  frame: (/** @type {import("./store.js").Frame} */ frame) => fanout.take(frame, stream.heardAt),
  state: () => fanout.tell(stream),
  cursor: () => fanout.place,
};
const stream = new Stream(told, now);

let lastTick = now();
let ticks = 0;

/** Check each second whether the machine was asleep or the stream is silent, and send a sign of life. */
function tick() {
  const slept = now() - lastTick > SLEPT_MS + TICK_MS;
  lastTick = now();
  ticks += 1;
  stream.check(slept ? 0 : silenceMs({ pingSeconds: fanout.greeting?.data.ping_seconds ?? 15 }));
  if (ticks % BEAT_TICKS === 0) fanout.beat();
}

self.addEventListener("connect", (connected) => {
  const port = /** @type {MessageEvent} */ (connected).ports[0];
  /** @type {import("./fanout.js").Tab|null} */ let tab = null;
  port.onmessage = ({ data }) => {
    if (data.join !== undefined) {
      tab = fanout.join((message) => port.postMessage(message), data.join);
      if (!stream.isOpen) stream.open();
    } else if (tab && data.read !== undefined) {
      fanout.read(tab, data.read);
    } else if (data.hurry) {
      stream.hurry();
    } else if (tab && data.leave) {
      fanout.leave(tab);
      port.close();
      if (fanout.tabs.size > 0) return;
      stream.close();
      fanout.tell(stream);
    }
  };
});

setInterval(tick, TICK_MS);
