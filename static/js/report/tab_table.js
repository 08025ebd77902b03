/**
 * In a report this takes the place of `views/service/tab_table.js`: the tabs that need no router.
 * @module
 */

import { EventsTab } from "../views/service/events.js";
import { OverviewTab } from "../views/service/overview.js";
import { RawTab } from "../views/service/raw.js";
import { SocketsTab } from "../views/service/sockets.js";
import { MethodNames } from "./methods.js";

/** @type {Readonly<Record<string, import("../views/slot.js").Entry>>} */
export const TABS = {
  "": { label: "Overview", make: (outside) => new OverviewTab(outside) },
  sockets: { label: "Sockets", make: (outside) => new SocketsTab(outside) },
  methods: { label: "Methods", make: (outside) => new MethodNames(outside) },
  events: { label: "Events", make: (outside) => new EventsTab(outside) },
  raw: { label: "Raw", make: (outside) => new RawTab(outside) },
};
