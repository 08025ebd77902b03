"""What a soak has to say: its figures, and each thing found wrong with the lines around it."""

import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.soak.log import Log
from tests.soak.soak import Finding, Outcome
from tests.soak.validators import silences

BEFORE, AFTER = 6, 2
"""So many lines of a log are shown around what is wrong."""

MOST_SHOWN = 12


def summary(outcome: Outcome) -> str:
    """The figures, one a line."""
    start, run, judged = (b - a for a, b in zip(outcome.times, outcome.times[1:], strict=False))
    entries = [entry for log in outcome.logs for entry in log.entries if entry.kind == "resync"]
    dropped = [entry.payload["dropped"] for entry in entries]
    resyncs = Counter(entry.payload["reason"] for entry in entries)
    silence, who = max((_longest(log), log.client) for log in outcome.logs)
    lines = {
        "seed": outcome.seed,
        "time": f"{start:.1f} s to start, {run:.1f} s to run and end, {judged:.1f} s to judge",
        "clients": len(outcome.logs),
        "events published": len(outcome.truth.events),
        "lost by Redis": len(outcome.truth.lost),
        "deliveries": sum(entry.is_event for log in outcome.logs for entry in log.entries),
        "resyncs": _counted(resyncs),
        "dropped and told so": sum(number or 0 for number in dropped),
        "superseded and told so": sum(_superseded(log) for log in outcome.logs),
        "unknown gaps": dropped.count(None),
        "what went wrong": _counted(outcome.done),
        "what could not": "; ".join(outcome.undone),
        "longest silence": f"{silence:.1f} s ({who})",
        "books looked at": outcome.looks,
        **outcome.figures,
        "kinds heard": _counted(kinds(outcome.logs)),
        "wrong at a moment": len(outcome.moments),
        "losses": _counted(Counter(finding.validator for finding in outcome.findings)),
        "troubles": len(outcome.troubles),
    }
    return "\n".join(f"{name + ':':42}{value}" for name, value in lines.items())


def kinds(logs: Iterable[Log]) -> Counter[str]:
    """How often each kind of frame came; gaps with a number and unknown ones are two kinds."""
    found = Counter[str]()
    for log in logs:
        for entry in log.entries:
            if not entry.is_mark:
                null = entry.kind == "resync" and entry.payload["dropped"] is None
                found["resync null" if null else entry.kind] += 1
    return found


def findings(outcome: Outcome) -> str:
    """What is wrong, each with seed, client, validator and the lines where it shows."""
    shown = outcome.findings[:MOST_SHOWN]
    parts = [_told(outcome.seed, finding) for finding in shown]
    if (rest := len(outcome.findings) - len(shown)) > 0:
        parts.append(f"... and {rest} more")
    return "\n\n".join([*parts, *outcome.troubles, *outcome.moments[:MOST_SHOWN]])


def _told(seed: int, finding: Finding) -> str:
    log, index = finding.log, finding.fault.index
    first, last = max(index - BEFORE, 0), min(index + AFTER, len(log.entries) - 1)
    lines = [("> " if n == index else "  ") + log.line(n) for n in range(first, last + 1)]
    head = f"seed {seed}, client {log.client}, {finding.validator}: {finding.fault.text}"
    return "\n".join([head, *lines])


def _counted(counts: Counter[str]) -> str:
    named = ", ".join(f"{number} {name}" for name, number in sorted(counts.items()))
    return f"{counts.total()} ({named})" if named else "0"


def _superseded(log: Log) -> int:
    told = [entry.payload for entry in log.entries if entry.kind == "conflated"]
    return sum(each["superseded"] for each in told)


def _longest(log: Log) -> float:
    return max((seconds for _, seconds in silences(log)), default=0.0)


def keep(outcome: Outcome, processes: Path, folder: Path) -> None:
    """Write all clients' logs, the truth and what the processes said into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for log in outcome.logs:
        lines = (log.line(number, brief=True) for number in range(len(log.entries)))
        (folder / f"{log.client}.log").write_text("\n".join(lines) + "\n", "utf-8")
    (folder / "history.log").write_text("".join(_history(outcome)), "utf-8")
    for said in processes.glob("*.log"):
        shutil.copy(said, folder / f"process-{said.name}")


def _history(outcome: Outcome) -> Iterator[str]:
    for event in outcome.truth.events:
        yield f"{event.at} {event.place} {event.kind} {event.data[:160]}\n"
    for place in sorted(outcome.truth.lost):
        yield f"lost {place}\n"
