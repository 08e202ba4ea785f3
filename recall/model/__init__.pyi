from .near_texts import NearTexts as NearTexts
from .near_texts import text_numbers as text_numbers
from .tokens import Tokenizer as Tokenizer

__all__ = ["NearTexts", "Tokenizer", "text_numbers"]
