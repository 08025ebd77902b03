"""Logs published changes of services' statuses: WARNING for a worse status, INFO for a better."""

import logging

from hero_router.model import Record, Status
from hero_router.severity import severity

log = logging.getLogger(__name__)


def log_status(old: Record | None, new: Record) -> None:
    """Log the change of a service's status, if it differs between two service records.

    A service that is healthy in its first probe is not logged.
    """
    before = Status.UNKNOWN if old is None else old.status
    if new.status is before or (new.status is Status.HEALTHY and _never_probed(old)):
        return
    level = logging.WARNING if severity(new.status) > severity(before) else logging.INFO
    fields = {
        "service": new.name,
        "context": new.context,
        "node": new.node,
        "from": str(before),
        "to": str(new.status),
        "reason": new.reason,
    }
    log.log(level, "service %s is %s", new.name, new.status, extra=fields)


def _never_probed(record: Record | None) -> bool:
    """Whether the service was never probed: after a probe, the status `unknown` has a reason."""
    return record is None or (record.status is Status.UNKNOWN and not record.reason)
