// A registry, a worker that follows it, a wire that may hold frames back, and a page's real Store, Clock
// and freshness. Plays the steps; returns each moment at which the page was trusted though it lacked a
// change that was older than `bound`.
async ({ steps, ping, bound }) => {
  const { Clock } = await import("/static/js/live/clock.js");
  const { Store } = await import("/static/js/live/store.js");
  const { freshness } = await import("/static/js/live/freshness.js");
  const AHEAD = 77_000_000; // how far the router's clock is ahead of the machine's
  const time = { mono: 5_000, wall: 900_000, true: 5_000 + AHEAD };
  const clock = new Clock({ mono: () => time.mono, wall: () => time.wall });
  const store = new Store({ clock, warn: () => {} });
  const stream = { connected: false, lostAt: clock.now(), heardAt: clock.now(), silentSince: null, openAt: null, nextTryAt: null };
  const page = { wokeAt: null, polledAt: null, error: null, lives: null };
  const changes = []; // when each happened; the n-th makes the only service be at version n
  const worker = { seen: 0, asOf: time.true, hangs: false, away: false, pinged: time.true, sent: 0 };
  let wire = [];
  const found = { wrong: [], trusted: 0 };

  const record = (version) => ({ id: "a", name: "a", node: "n1", status: "healthy", reason: String(version) });
  const place = (seq) => `1-${seq}`;
  const stamp = () => ({ now: time.true, as_of: worker.asOf });
  const send = (event, id, data) => wire.push({ event, id, data });
  const event = (seq) => send("service_updated", place(seq), { at: changes[seq - 1], service: record(seq) });
  const follow = () => {
    if (worker.hangs || worker.away) return;
    worker.seen = changes.length;
    worker.asOf = time.true;
    while (stream.connected && worker.sent < worker.seen) event((worker.sent += 1));
  };
  const pass = (ms) => {
    time.true += ms;
    time.mono += ms;
    time.wall += ms;
    follow();
    if (stream.connected && time.true - worker.pinged >= ping) {
      worker.pinged = time.true;
      send("ping", place(worker.sent), stamp());
    }
  };
  const connect = () => {
    wire = [];
    const seq = store.place === null ? worker.seen : Number(store.place.slice(2));
    stream.connected = true;
    worker.sent = Math.min(seq, worker.seen);
    worker.pinged = time.true;
    send("hello", place(worker.sent), { run_id: "r", ping_seconds: ping / 1000, now: time.true });
    if (worker.away) send("stale", "", { reason: "redis", node: null, since: worker.asOf, detail: "", ...stamp() });
    follow();
  };
  const play = {
    change: () => {
      changes.push(time.true);
      follow();
    },
    // Time passes in small pieces, and nothing comes: silence, or a wire that holds back.
    pass: (ms) => {
      for (let left = ms; left > 0; left -= 500) {
        pass(Math.min(500, left));
        check();
      }
    },
    deliver: (count) => {
      for (const frame of wire.splice(0, count)) {
        stream.heardAt = clock.now();
        page.wokeAt = null;
        store.apply(frame);
        check();
      }
    },
    cut: () => {
      wire = [];
      if (stream.connected) stream.lostAt = clock.now();
      stream.connected = false;
    },
    connect,
    // Frames that were not taken in time are dropped, and told before all that comes after them.
    resync: () => {
      if (!stream.connected) return;
      const first = wire.findIndex((one) => one.event === "service_updated");
      if (first < 0) return;
      const before = Number(wire[first].id.slice(2)) - 1;
      const kept = wire.splice(first).filter((one) => !["service_updated", "ping"].includes(one.event));
      send("resync", place(worker.sent), { dropped: worker.sent - before, reason: "lagged", after_ms: 0, run_id: "r", ...stamp() });
      wire.push(...kept);
    },
    // An answer of the state API that takes so long to come.
    answer: (ms) => {
      const asked = clock.now();
      const services = worker.seen > 0 ? [record(worker.seen)] : [];
      const stale = worker.away ? [{ reason: "redis", node: null, since: worker.asOf, detail: "" }] : [];
      const told = { cursor: place(worker.seen), run_id: "r", services, nodes: [], stale, ...stamp() };
      pass(ms);
      clock.answered(told.now, asked, clock.now());
      page.error = null;
      const taken = store.snapshot(told, { streaming: stream.connected });
      if (taken) page.polledAt = clock.now();
    },
    aim: () => {
      clock.answered(time.true, clock.now(), clock.now());
      store.aim({ cursor: place(worker.seen), run_id: "r", events: [] });
    },
    error: () => { page.error = "the router answers 502"; },
    // The machine sleeps; when it wakes the page opens its stream anew and asks what time it is.
    sleep: (ms) => {
      time.true += ms;
      time.wall += ms;
      follow();
      page.wokeAt = stream.heardAt = clock.now();
      connect();
      clock.answered(time.true, clock.now(), clock.now());
    },
    set: (ms) => {
      time.wall += ms;
      clock.now();
      clock.answered(time.true, clock.now(), clock.now());
    },
    stale: () => {
      if (worker.away) return;
      worker.away = true;
      if (stream.connected) send("stale", "", { reason: "redis", node: null, since: time.true, detail: "", ...stamp() });
    },
    fresh: () => {
      if (!worker.away) return;
      worker.away = false;
      follow();
      if (stream.connected) send("fresh", "", { reason: "redis", node: null, since: 0, ...stamp() });
    },
    hang: (on) => {
      worker.hangs = on;
      follow();
    },
  };
  const check = () => {
    const { trust } = freshness(store, stream, page);
    if (trust !== "all") return;
    found.trusted += 1;
    const due = changes.filter((at) => time.true - at > bound).length;
    const shown = Number(store.services.get("a")?.reason ?? 0);
    if (shown < due) found.wrong.push({ step: steps.indexOf(current), lacks: time.true - changes[shown] });
  };
  let current = null;
  for (current of steps) {
    play[current[0]](current[1]);
    check();
  }
  return found;
};
