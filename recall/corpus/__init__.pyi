from .survey import part_keys as part_keys

__all__ = ["part_keys"]
