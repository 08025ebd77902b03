"""Sends HTTP requests to a service's Unix socket safely, whatever the service or its path is."""
