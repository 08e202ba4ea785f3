"""The sample's only source of chance: a generator named by what it decides, so that the same names decide the same."""

from random import Random


def chance(*names: object) -> Random:
    """A random generator that depends on nothing but the names."""
    return Random("/".join(map(str, names)))
