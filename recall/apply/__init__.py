"""A trained round on other inputs."""
