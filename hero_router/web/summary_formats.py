"""Writes a summary of services as JSON, as text and as a page without scripts. Pure: no I/O."""

import base64
import hashlib
import html
from collections.abc import Iterable
from datetime import UTC, datetime

from hero_router.feed.freshness_stamp import Stamp
from hero_router.feed.overall_health import OverallHealth
from hero_router.sanitize import clean
from hero_router.strict_json import encode

REFRESH_SECONDS = 10
"""After this time a browser loads the page again."""

OLD_SECONDS = 30
"""A page that is older, as its browser could not load it again, says so by its style sheet."""


def as_json(summary: OverallHealth, stamp: Stamp) -> str:
    """The summary as JSON, with the time now and the age of the state."""
    return encode({**summary.to_json(), **stamp})


def as_text(summary: OverallHealth, stamp: Stamp) -> str:
    """The summary as lines of text; the first says whether all is well."""
    lines = [
        f"{'OK' if summary.well else 'NOT OK'}: {clean(summary.reason)}",
        f"status: {summary.status}",
        *(f"{status}: {number}" for status, number in (summary.counts or {}).items()),
        f"confirmed: {_time(stamp['as_of'])}",
    ]
    if summary.contexts is not None:
        lines.append(f"contexts: {_contexts(summary)}")
    lines += [f"stale: {clean(item['detail'])}" for item in summary.stale]
    lines += ["\t".join(row) for row in _rows(summary)]
    if summary.unnamed:
        lines.append(f"and {summary.unnamed} more")
    return "\n".join(lines) + "\n"


def as_page(summary: OverallHealth, stamp: Stamp, *, reloads: bool = True, other: str = "") -> str:
    """The summary as an HTML page, which browsers load again by themselves if it `reloads`.

    `other` is the query of the same page that does the opposite.
    """
    rows = "".join(
        f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>"
        for row in _rows(summary)
    )
    more = f"<p>and {summary.unnamed} more</p>" if summary.unnamed else ""
    counts = " · ".join(f"{number} {status}" for status, number in (summary.counts or {}).items())
    return _PAGE.format(
        refresh=_REFRESH if reloads else "",
        old=OLD_SECONDS,
        why=": it could not be loaded again" if reloads else "",
        reloading=_RELOADS if reloads else _RESTS,
        other=html.escape(other),
        style=STYLE,
        verdict="well" if summary.well else "ill",
        title=f"{summary.status} · hero_router",
        status=summary.status,
        reason=html.escape(clean(summary.reason)),
        counts=counts,
        contexts=(
            ""
            if summary.contexts is None
            else f"<p>Only of what you may see: {html.escape(_contexts(summary))}</p>"
        ),
        stale="".join(
            f"<p>stale: {html.escape(clean(item['detail']))}</p>" for item in summary.stale
        ),
        table=f"<table>{_HEADINGS}{rows}</table>{more}" if rows else "",
        now=_time(stamp["now"]),
        confirmed=_time(stamp["as_of"]),
    )


def _contexts(summary: OverallHealth) -> str:
    return ", ".join(map(clean, summary.contexts or ()))


def _rows(summary: OverallHealth) -> Iterable[tuple[str, ...]]:
    """The services that are not well: status, service, node, since when, reason."""
    for each in summary.services:
        was = f" (was {each['last_status']})" if "last_status" in each else ""
        flapping = " (flapping)" if each["flapping"] is True else ""
        yield (
            clean(each["status"]) + was + flapping,
            clean(f"{each['context']}/{each['name']}"),
            clean(each["node"]),
            _time(each["since"]),
            clean(each["reason"]),
        )


def _time(unix_ms: object) -> str:
    """A time in UTC, to the second; "unknown" if there is none."""
    if not isinstance(unix_ms, int):
        return "unknown"
    try:
        return datetime.fromtimestamp(unix_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return "unknown"


STYLE = f"""
:root {{ color-scheme: light dark; --soft: #566070; --line: #dfe3e8; --good: #1a7f37;
  --bad: #b3261e; font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --soft: #a0abb7; --line: #2a313c; --good: #3fb950; --bad: #ff6a60; }} }}
body {{ max-width: 60rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: break-word;
  background: Canvas; color: CanvasText; }}
td:nth-child(2), td:last-child {{ min-width: 8rem; overflow-wrap: anywhere; }}
td:nth-child(4) {{ min-width: 7rem; }}
h1 {{ font-size: 1.4rem; border-left: .6rem solid; padding-left: .6rem; }}
.well {{ color: var(--good); }} .ill, .old {{ color: var(--bad); }}
p {{ margin: .5rem 0; }} footer {{ color: var(--soft); }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0;
  border-bottom: 1px solid var(--line); }}
@media (max-width: 40rem) {{
  tr:first-child {{ display: none; }} tr, td {{ display: block; border: 0; padding: 0; }}
  tr {{ padding: .5rem 0; border-top: 1px solid var(--line); }} }}
.old {{ visibility: hidden; font-weight: 600; animation: old 0s {OLD_SECONDS}s forwards; }}
.well {{ animation: faded 0s {OLD_SECONDS}s forwards; }}
@keyframes old {{ to {{ visibility: visible; }} }}
@keyframes faded {{ to {{ color: var(--soft); }} }}
"""

STYLE_SOURCE = "sha256-" + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
"""What names the style sheet in a Content-Security-Policy (CSP Level 3, section 2.3.1)."""

_HEADINGS = "<tr><th>status</th><th>service</th><th>node</th><th>since</th><th>reason</th></tr>"

_REFRESH = f"""<meta http-equiv="refresh" content="{REFRESH_SECONDS}">
  """
_RELOADS = f"The page loads itself again every {REFRESH_SECONDS} seconds."
_RESTS = "The page does not load itself again."

_PAGE = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  {refresh}<title>{title}</title>
  <style>{style}</style>
</head>
<body>
<main>
  <h1 class="{verdict}">{status}</h1>
  <p>{reason}</p>
  <p>{counts}</p>
  {contexts}
  {stale}
  {table}
  <p class="old" role="alert">This page is older than {old} seconds{why}.
    What it says may be out of date.</p>
</main>
<footer>
  <p>Made at {now}. Redis last confirmed this state at {confirmed}.</p>
  <p>{reloading} <a href="?{other}">Change this</a> · <a href="./">All services</a></p>
</footer>
</body>
</html>
"""
