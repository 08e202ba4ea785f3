"""The steps of the loop, one module each, named as the CLI verb, the config section and the folder."""
