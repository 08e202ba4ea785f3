"""The label step of a round: tasks out, answers in, labels published when every task is answered.

Answers come from a labels file, from Label Studio where [studio] names one, or from whoever writes the log. `advance`
may be called again and again, and killed at any moment: it goes on where the folder stands.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict

from annotation.adjudication import decide
from annotation.answers import answer_from
from annotation.label_state import standing_of
from annotation.studio.settings import studio_settings
from annotation.summary import AGREEMENT, left_out_lines, summarise
from annotation.tasks import EXAMPLES, MEMORY, PREFIXES, TASKS, push
from recall.errors import BadInput
from recall.labels import LABELS as SCHEMA
from recall.records import Done, Label, Output, Waiting
from recall.run import Round, digest_of, table_from

LABELS = "labels.parquet"


def advance(round_: Round) -> Done | Waiting:
    """Push a round's tasks, answer them from [label] answers when a file is named, end the step when all are answered.

    Waiting counts the tasks that nobody answered and names the label folder.
    """
    step, run = round_.step("label"), round_.run
    if step.done:
        return step.result
    round_.begin("label")
    push(round_)
    if run.config.label.answers:
        answer_from(round_, run.answers)
    return conclude(round_, talk(round_) if studio_settings(run.config) else "")


def talk(round_: Round, tell: Callable[[str], None] = lambda _: None) -> str:
    """Bring a round's tasks to Label Studio and the answers back; returns where people find the tasks.

    tell: is given what happened, a line each. Raises BadInput where no server is named or its library is missing.
    """
    try:
        from annotation.studio.sync import exchange  # noqa: PLC0415 - other answers need no Label Studio
    except ModuleNotFoundError as error:
        raise BadInput(f'[studio] url: needs {error.name}: pip install "recall[annotation]"') from None
    desk, lines = exchange(round_)
    for line in lines:
        tell(line)
    return desk.address


def conclude(round_: Round, url: str = "", now: bool = False) -> Done | Waiting:
    """End the step when every task is answered and nothing waits for a decision.

    url: where the tasks are, "" for the label folder. now: end it with what is there; what is open gets no label.
    """
    run = round_.run
    standing = standing_of(round_)
    waiting = len(standing.open) + (len(standing.queue) if run.config.label.adjudicate else 0)
    if waiting and not now:
        return Waiting(waiting, url or run.store.url(round_.step("label").folder))
    step = round_.begin("label")
    for key in run.store.keys(step.key(MEMORY)):
        run.store.remove(key)
    for leftover in (LABELS, AGREEMENT):  # of a conclusion that was killed, before further answers came
        if run.store.exists(step.key(leftover)):
            run.store.remove(step.key(leftover))
    labels, late = decide(standing.ballots), standing.late.labels
    columns = {name: [asdict(label)[name] for label in [*labels, *late]] for name in SCHEMA}
    step.publish_table(LABELS, columns, SCHEMA)
    step.publish_json(AGREEMENT, summarise(standing, run.config))
    for file in (TASKS, PREFIXES, EXAMPLES):
        data = run.store.read(step.key(file))
        step.add([Output(file, digest_of(data), table_from(data).num_rows)])
    asked = sum(task.use != "gold" for task in standing.tasks)
    counts = count(labels, asked, run.config.train.positive) | {"gold": len(standing.tasks) - asked}
    counts |= {"left_out": len(standing.left_out), "late": len(late)}
    return step.finish(counts, {}, left_out_lines(standing, run.config))


def count(labels: list[Label], tasks: int, positive: str) -> dict[str, int]:
    """What `recall status` shows of the step.

    tasks: but those that only measure people; undecided: of them, those that gave no label; decided: by someone.
    """
    pages = [label for label in labels if label.kind == "page"]
    prefixes = Counter(label.value for label in labels if label.kind == "prefix")
    return {
        "tasks": tasks,
        "pages": len(pages),
        "positive": sum(label.value == positive for label in pages),
        "audit": sum(label.use == "audit" for label in pages),
        "accepted": prefixes["accept"],
        "rejected": prefixes["reject"],
        "unsure": prefixes["unsure"],
        "undecided": tasks - len(labels),
        "decided": sum(label.source == "decision" for label in labels),
    }
