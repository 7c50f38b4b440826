"""The REST gateway: /api/v3 in JSON, each route one RPC of the door's services."""
