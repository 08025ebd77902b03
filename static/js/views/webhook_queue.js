/**
 * The webhook's queue: what waits, the last delivery and the last failure.
 * @module
 */

import { lasting, when } from "../fleet/times.js";
import { part, setMark } from "../ui/dom.js";
import { setLines } from "../ui/dom_list.js";

/** @typedef {{has_sender: boolean, waiting: number, dropped: number, sent_at: number|null, failed_at: number|null, failure: string, failing_since: number|null}} Webhook */

/** @param {HTMLElement} card @param {Webhook|null} webhook null: nobody sends any, or it is not for this person @param {number} now by the router's clock */
export function drawWebhook(card, webhook, now) {
  card.hidden = webhook === null;
  if (webhook === null) return;
  const failing = webhook.failing_since !== null;
  setMark(card, !webhook.has_sender ? "unknown" : failing ? "unhealthy" : webhook.dropped > 0 ? "degraded" : "healthy");
  setLines(part(card, "[data-webhook-lines]"), lines(webhook, now));
}

/** @param {Webhook} webhook @param {number} now */
function lines({ has_sender: sent, waiting, dropped, sent_at: at, failed_at: failed, failure, failing_since: since }, now) {
  const messages = (/** @type {number} */ number) => (number === 1 ? "1 message" : `${number} messages`);
  return [
    sent ? "" : "no scanner sends webhooks now",
    since === null ? "" : `the target has taken no message for ${lasting(now - since)}: ${failure}`,
    `${messages(waiting)} ${waiting === 1 ? "waits" : "wait"}`,
    at === null ? "none was delivered yet" : `last delivery ${lasting(now - at)} ago (${when(at)})`,
    failed !== null && since === null ? `last failure ${lasting(now - failed)} ago: ${failure}` : "",
    dropped > 0 ? `${messages(dropped)} ${dropped === 1 ? "was" : "were"} given up since webhooks began` : "",
  ].filter(Boolean);
}
