"""The clients: what they are sent, how they read it, what it costs."""
