"""The numbers by which the compiled code and its table understand each other. Nothing but constants.

They are frozen into compiled code: `kernel` compiles again when a file like this changes.
"""

import numpy as np
import numpy.typing as npt

Octets = npt.NDArray[np.uint8]
State = npt.NDArray[np.int64]
Table = npt.NDArray[np.int32]

# state: what is known at this place of the page
STATE = 13
SIZE, VERSION, TAIL, WRITTEN, GAP, MODE, TEMPLATES, SVGS, PREFORMATTED, PRE, CODE, HIGHLIGHT, INSIDE = range(STATE)
CODES, PARTS = STATE, STATE + 1  # how deep in `<code>`; stretches of the text that are in `<pre>` or `<code>` ...
FIRST_PART, MOST_PARTS = STATE + 2, 64  # ... where each begins and ends in the text, in the numbers from here on
NUMBERS = FIRST_PART + 2 * MOST_PARTS
NONE, WORD, LINE = range(3)  # GAP: what parts the last character from the next one
LINES, REFERENCES, TO_MARKUP = 1, 2, 4  # MODE: line ends are kept, references resolved; a "<" ends the stretch

# table: it begins with the places of its parts, then see `tables`
TEXT, TAG, WINDOWS, POINTS, TAGS, CLASSES, CLASSES_ROOT, NAMES, NAMES_ROOT = range(9)
ROW = 65  # of a name's state: where each column leads to, then the value
VALUE = 64
SLOTS, SLOT, LONGEST = 512, 5, 16  # of a tag's name: its letters as 16 bytes, then what it means
SCATTER, SCATTERED = np.uint64(0x9E3779B97F4A7C15), np.uint64(64 - 9)  # from its first 8 bytes to one of the slots
# what a byte means in text, and as bits inside a tag
PLAIN, SPACE, DROPPED, MARKUP, REFERENCE, LEAD = range(6)
IS_SPACE, ENDS_TAG_NAME, ENDS_ATTRIBUTE, ENDS_BARE = 1, 2, 4, 8
# what a tag's name means: bits, and from CONTENT on what follows a start tag
BLOCK, SPACED, IS_PRE, IS_CODE, ENDS_SVG, LINES_KEPT, CONTENT = 1, 2, 4, 8, 16, 32, 6
SCRIPT, RAW_HIDDEN, RAW_SHOWN, CHARACTERS_ONLY, PLAINTEXT, TEMPLATE, SVG = range(1, 8)
# what a class means
WHOLE, PREFIX = 1, 2

LESS, GREATER, SLASH, BANG, QUESTION, EQUALS, HASH, DASH, AMPERSAND = b"<>/!?=#-&"
DOUBLE, SINGLE, SEMICOLON = b"\"';"
