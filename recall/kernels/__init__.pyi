from .hashing import GOLDEN_RATIO as GOLDEN_RATIO
from .hashing import fasttext_hash as fasttext_hash
from .hashing import line_rows as line_rows
from .hashing import ngram_hash as ngram_hash
from .hashing import splitmix64 as splitmix64
from .hashing import token_hashes as token_hashes

__all__ = ["GOLDEN_RATIO", "fasttext_hash", "line_rows", "ngram_hash", "splitmix64", "token_hashes"]
