"""Each experiment, the steps in which they run, and how their clients are driven."""
