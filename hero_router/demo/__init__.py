"""Sample services with real sockets and different statuses, for a first look at the router."""
