"""A worker's copy of the registry and the streams that it sends to clients. Knows no HTTP."""
