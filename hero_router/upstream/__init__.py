"""The safe way to a service's Unix socket: open by descriptor, bounded HTTP, outcomes, paths."""
