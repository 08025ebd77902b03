/**
 * The tabs of a service by the name that the address has for them ("" is the overview). Each is a view;
 * a new tab is one more line here.
 * @module
 */

import { later } from "../later.js";
import { DocsTab } from "./docs.js";
import { EventsTab } from "./events.js";
import { FailedRequestsTab } from "./failed_requests.js";
import { OverviewTab } from "./overview.js";
import { RawTab } from "./raw.js";
import { SocketsTab } from "./sockets.js";

/** @type {Readonly<Record<string, import("../slot.js").Entry>>} */
export const TABS = {
  "": { label: "Overview", make: (outside) => new OverviewTab(outside) },
  sockets: { label: "Sockets", make: (outside) => new SocketsTab(outside) },
  methods: later("Methods", "console", ["service"], async () => (await import("./methods.js")).MethodsTab),
  docs: { label: "Docs", make: (outside) => new DocsTab(outside) },
  events: { label: "Events", make: (outside) => new EventsTab(outside) },
  logs: { label: "Logs", make: (outside) => new FailedRequestsTab(outside) },
  raw: { label: "Raw", make: (outside) => new RawTab(outside) },
};
