"""The HTTP server of a web worker: aiohttp application, middleware and routes."""
