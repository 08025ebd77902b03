"""The way to a service's Unix socket: safe connection, bounded HTTP, outcomes."""
