"""The reference that programs read: OpenAPI, written from the endpoints that serve."""
