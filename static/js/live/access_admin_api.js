/**
 * Requests of administrators to read and change who may use the router.
 * @module
 */

import { call } from "./api.js";

/** Who may do what, the ways of getting in, and the keys in Redis; only for administrators. */
export const access = () => call("router.access");

/** The browser sessions that hold. */
export const sessions = () => call("router.sessions");

/** @param {string} id */
export const endSession = (id) => call("router.end_session", { id });

/** End all sessions. @param {boolean} others whether this browser's own goes on */
export const endSessions = (others) => call("router.end_sessions", { others });

/** The addresses that may connect. */
export const allowed = () => call("router.allowed");

/** @param {string} network @param {string} note */
export const allow = (network, note) => call("router.allow", note ? { network, note } : { network });

/** @param {string} network */
export const disallow = (network) => call("router.disallow", { network });
