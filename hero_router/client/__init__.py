"""A Python client of a running router: its JSON API, its JSON-RPC methods, its stream and state.

All take the router's `token`, if it has one.

state = await fetch("http://127.0.0.1:9988", "/api/services")        # client.http
async for message in Follower("http://127.0.0.1:9988").messages():   # client.events
async for state in LiveState("http://127.0.0.1:9988").states():      # client.state
"""
