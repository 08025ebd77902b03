/**
 * In a report this takes the place of `views/registry.js`: the views that need no router.
 * @module
 */

import { FleetView } from "../views/fleet_overview.js";
import { NodesView } from "../views/nodes.js";
import { ServiceView } from "../views/service/service.js";
import { TimelineView } from "../views/timeline.js";
import { WallView } from "../views/wall.js";

/** @type {Readonly<Record<string, import("../views/slot.js").Entry>>} */
export const VIEWS = {
  fleet: { label: "Fleet", make: (outside) => new FleetView(outside) },
  service: { label: "", make: (outside) => new ServiceView(outside) },
  nodes: { label: "Nodes", make: (outside) => new NodesView(outside) },
  timeline: { label: "Timeline", make: (outside) => new TimelineView(outside) },
  wall: { label: "Wall", make: (outside) => new WallView(outside) },
};
