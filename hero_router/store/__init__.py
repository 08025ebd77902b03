"""Redis: the only layer that imports it. Everything here raises `StoreError` and nothing else."""
