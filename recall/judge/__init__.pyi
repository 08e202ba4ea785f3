from .answer_log import account_of as account_of
from .batch_files import AnswersWanted as AnswersWanted
from .batch_files import take_answers as take_answers
from .completions import Completion as Completion
from .completions import Question as Question
from .completions import shares_of as shares_of
from .consultation import consult as consult

__all__ = [
    "AnswersWanted",
    "Completion",
    "Question",
    "account_of",
    "consult",
    "shares_of",
    "take_answers",
]
