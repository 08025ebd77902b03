"""The reverse proxy: from a request's address to a service's socket, and back. No aiohttp here."""
