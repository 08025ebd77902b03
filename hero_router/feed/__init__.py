"""A worker's copy of the registry, and the event streams that it sends to clients. No HTTP here."""
