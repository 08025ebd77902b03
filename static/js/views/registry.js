/**
 * All main views by the name that the address has for them. A new view is one more line here.
 * @module
 */

import { ACCESS } from "../fleet/caller.js";
import { FleetView } from "./fleet_overview.js";
import { later } from "./later.js";

/** @type {Readonly<Record<string, import("./slot.js").Entry>>} */
export const VIEWS = {
  fleet: { label: "Fleet", make: (outside) => new FleetView(outside) },
  service: later("", "later", ["list", "service"], async () => (await import("./service/service.js")).ServiceView),
  nodes: later("Nodes", "later", ["list"], async () => (await import("./nodes.js")).NodesView),
  streams: later("Streams", "later", ["list"], async () => (await import("./stream_clients.js")).StreamClientsView),
  timeline: later("Timeline", "later", ["list"], async () => (await import("./timeline.js")).TimelineView),
  wall: later("Wall", "later", [], async () => (await import("./wall.js")).WallView),
  // Last: it comes once the router has said who the person is, and moves no other.
  access: { ...later("Access", "later", ["list"], async () => (await import("./access.js")).AccessView), right: ACCESS },
};
