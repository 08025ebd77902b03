"""A Python client of a running router, over HTTP."""
