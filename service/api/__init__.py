"""The HTTP API: routes, schemas, scoring, models."""
