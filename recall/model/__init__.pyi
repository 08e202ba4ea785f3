from .tokens import Tokenizer as Tokenizer

__all__ = ["Tokenizer"]
