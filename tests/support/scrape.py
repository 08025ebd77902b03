"""`/metrics` as Prometheus reads it: samples by name and labels."""

from prometheus_client.parser import text_string_to_metric_families


class Scrape:
    """One answer of `/metrics`."""

    def __init__(self, text: str) -> None:
        self.text = text
        families = list(text_string_to_metric_families(text))
        self._samples = [sample for family in families for sample in family.samples]

    @property
    def described(self) -> set[str]:
        """The names that have a help text: one for each metric, as people speak of it."""
        lines = [line.split()[2] for line in self.text.splitlines() if line.startswith("# HELP")]
        return {name for name in lines if not name.endswith("_created")}

    @property
    def names(self) -> set[str]:
        """The names of all series, as queries speak of them."""
        return {sample.name for sample in self._samples}

    def labels(self, name: str) -> set[str]:
        """The labels of a metric; how a histogram names its buckets is its own affair."""
        series = [item for item in self._samples if item.name in (name, f"{name}_count")]
        return {label for item in series for label in item.labels}

    def values(self, name: str, **labels: str) -> list[float]:
        """The values of all series of a metric that have these labels."""
        return [
            sample.value
            for sample in self._samples
            if sample.name == f"hero_router_{name}" and labels.items() <= sample.labels.items()
        ]

    def total(self, name: str, **labels: str) -> float:
        """Their sum; fails where there is none."""
        found = self.values(name, **labels)
        assert found, f"no series of {name} has the labels {labels}"
        return sum(found)
