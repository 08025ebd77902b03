"""The HTTP side of a worker: aiohttp application, middleware and routes over the feed."""
