from .choice import compiled_code_runs as compiled_code_runs
from .choice import plainly as plainly
from .hashing import GOLDEN_RATIO as GOLDEN_RATIO
from .hashing import fasttext_hash as fasttext_hash
from .hashing import line_rows as line_rows
from .hashing import ngram_hash as ngram_hash
from .hashing import splitmix64 as splitmix64
from .hashing import token_hashes as token_hashes
from .html_text import read_html as read_html
from .minhash_signature import leaders as leaders
from .minhash_signature import minima as minima
from .minhash_signature import ngram_hashes as ngram_hashes
from .plain_twins import Tables as Tables
from .symbol_density import symbol_features as symbol_features
from .token_lines import UniqueIds as UniqueIds
from .token_lines import line_margins as line_margins
from .token_lines import line_sketches as line_sketches
from .utf8 import lower as lower
from .utf8 import valid_length as valid_length

__all__ = [
    "GOLDEN_RATIO",
    "Tables",
    "UniqueIds",
    "compiled_code_runs",
    "fasttext_hash",
    "leaders",
    "line_margins",
    "line_rows",
    "line_sketches",
    "lower",
    "minima",
    "ngram_hash",
    "ngram_hashes",
    "plainly",
    "read_html",
    "splitmix64",
    "symbol_features",
    "token_hashes",
    "valid_length",
]
