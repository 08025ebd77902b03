"""hero_router: finds the services that listen on Unix sockets, probes them, shows them live."""

__version__ = "0.1.0"
