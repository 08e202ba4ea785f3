from .assets import script_source as script_source

__all__ = ["script_source"]
