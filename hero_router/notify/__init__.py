"""Webhooks: messages about services and nodes, sent by one of the scanners."""
