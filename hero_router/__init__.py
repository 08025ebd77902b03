"""hero_router: one door to the services that listen on Unix sockets."""

__version__ = "0.1.0"
