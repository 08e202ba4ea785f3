"""State and machines: the run folder, the order of steps, functions over shards here or on Ray."""
