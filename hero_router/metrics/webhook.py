"""Makes the metrics of the webhook's queue from what its sender has written to Redis."""

from collections.abc import Iterable

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

from hero_router.store.webhook import WebhookStatus


def of_webhook(status: WebhookStatus | None) -> Iterable[Metric]:
    """The metrics; without a series if nothing is known."""
    waiting = GaugeMetricFamily(
        "hero_router_webhook_waiting", "Messages of the webhook that wait to be sent"
    )
    failing = GaugeMetricFamily(
        "hero_router_webhook_failing", "1 while the webhook's target takes no message"
    )
    sent = GaugeMetricFamily(
        "hero_router_webhook_last_delivery_timestamp_seconds",
        "When the webhook's target last took a message",
    )
    dropped = CounterMetricFamily(
        "hero_router_webhook_dropped", "Messages of the webhook that were given up"
    )
    if status is not None:
        waiting.add_metric([], status.waiting)
        dropped.add_metric([], status.dropped)
        if status.has_sender:
            failing.add_metric([], status.is_failing)
        if status.sent_at is not None:
            sent.add_metric([], status.sent_at / 1000)
    return waiting, failing, sent, dropped
