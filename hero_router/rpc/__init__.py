"""JSON-RPC 2.0 without HTTP: dispatcher, parameters, errors, methods, OpenRPC document."""
