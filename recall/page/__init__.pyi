from .text.prose_language import language_of as language_of
from .text.references import unescape as unescape

__all__ = ["language_of", "unescape"]
