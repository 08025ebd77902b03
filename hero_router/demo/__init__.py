"""Sample services for a first look: real sockets that show every status. Uses only the bottom."""
