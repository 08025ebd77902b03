"""Sends HTTP requests to services' Unix sockets safely, and limits the size of the answers."""
