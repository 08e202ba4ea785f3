"""The HTTP server: workers, connections, limits, scheduling, metrics."""
