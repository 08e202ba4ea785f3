from .text.definition import unescape as unescape
from .text.prose_language import language_of as language_of

__all__ = ["language_of", "unescape"]
