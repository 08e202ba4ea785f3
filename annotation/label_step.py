"""The label step of a round: tasks out, answers in, labels published when every task is answered.

Answers come from a labels file, from Label Studio where [studio] names one, from whoever writes the log, and before
them all from a judge, where [judge] names one. `advance`
may be called again and again, and killed at any moment: it continues from what the folder holds.
"""

from collections import Counter
from collections.abc import Callable, Set
from dataclasses import asdict

from annotation.adjudication import decide
from annotation.answers import answer_from, read_history
from annotation.judging import judge_tasks
from annotation.label_state import LabelState, label_state
from annotation.studio import studio_settings
from annotation.summary import AGREEMENT, exclusion_lines, judge_line, judged_alone, summarise
from annotation.tasks import EXAMPLES, JUDGED, PREFIXES, STUDIO_CACHE, TASKS, push
from recall.errors import BadInput
from recall.judge import AnswersWanted
from recall.labels import LABELS as SCHEMA
from recall.labels import inherited_labels, threshold_after_audit
from recall.records import Done, Label, Output, Waiting
from recall.run import Round, digest_of, table_from

LABELS, THRESHOLD = "labels.parquet", "threshold.json"


def advance(round_: Round) -> Done | Waiting:
    """Push a round's tasks, answer them from [label] answers when a file is named, end the step when all are answered.

    Waiting counts the tasks that nobody answered and names the label folder, or the questions to a judge that lie in
    files and have no answer yet.
    """
    step, run = round_.step("label"), round_.run
    if step.done:
        return step.result
    round_.begin("label")
    push(round_)
    try:
        judge_tasks(round_)
    except AnswersWanted as wanted:
        return Waiting(wanted.count, wanted.url)
    history = read_history(round_)
    if run.config.label.answers:
        history, _ = answer_from(history, run.answers)
    state, url = label_state(history), ""
    if studio_settings(run.config):
        state, url = talk(state)
    return conclude(state, url)


def talk(state: LabelState, tell: Callable[[str], None] = lambda _: None) -> tuple[LabelState, str]:
    """Bring a round's tasks to Label Studio and the answers back; returns the state then, and the URL of the tasks.

    tell: is given what happened, a line each. Raises BadInput where no server is named or its library is missing.
    """
    try:
        from annotation.studio.sync import synchronise  # noqa: PLC0415 - other answers need no Label Studio
    except ModuleNotFoundError as error:
        raise BadInput(f'[studio] url: needs {error.name}: pip install "recall[annotation]"') from None
    connection, state, lines = synchronise(state)
    for line in lines:
        tell(line)
    return state, connection.address


def conclude(state: LabelState, url: str = "", now: bool = False) -> Done | Waiting:
    """End the step when every task is answered and nothing waits for a decision.

    url: where the tasks are, "" for the label folder. now: end it with what is there; what is open gets no label.
    """
    round_, run = state.round, state.round.run
    if state.waiting and not now:
        return Waiting(state.waiting, url or run.store.url(round_.step("label").folder))
    step = round_.begin("label")
    run.discard(run.store.keys(step.key(STUDIO_CACHE)))
    killed = (LABELS, AGREEMENT, THRESHOLD)  # of a conclusion that was killed, before further answers came
    run.discard(key for key in map(step.key, killed) if run.store.exists(key))
    labels, after_end = decide(state.ballots), state.after_end.labels
    inherited = inherited_labels(round_)
    columns = {name: [asdict(label)[name] for label in [*labels, *after_end, *inherited]] for name in SCHEMA}
    step.publish_table(LABELS, columns, SCHEMA)
    step.publish_json(AGREEMENT, summarise(state, run.config))
    for file in (TASKS, PREFIXES, EXAMPLES, *([JUDGED] if run.store.exists(step.key(JUDGED)) else [])):
        data = run.store.read(step.key(file))
        step.add([Output(file, digest_of(data), table_from(data).num_rows)])
    asked = sum(task.use != "gold" for task in state.tasks)
    counts = count(labels, asked, run.config.train.positives) | {"gold": len(state.tasks) - asked}
    counts |= {"left_out": len(state.excluded), "late": len(after_end)}
    if run.audited:
        counts |= {"prefixes": len(inherited)}
    if (own := threshold_after_audit(round_, labels)) is not None:
        step.publish_json(THRESHOLD, own.record())
        counts |= {"threshold": round(own.value, 6), "kept": int(own.figures["kept"])}
    if state.judge is not None:
        counts["judged_alone"] = judged_alone(state)
    return step.finish(counts, {}, [*judge_line(state), *exclusion_lines(state, run.config)])


def count(labels: list[Label], tasks: int, positives: Set[str]) -> dict[str, int | float]:
    """The counts that `recall status` shows of the step.

    tasks: but those that only measure annotators; undecided: of them, those without a label; decided: by an annotator.
    """
    pages = [label for label in labels if label.kind == "page"]
    prefixes = Counter(label.value for label in labels if label.kind == "prefix")
    return {
        "tasks": tasks,
        "pages": len(pages),
        "positive": sum(label.value in positives for label in pages),
        "audit": sum(label.use == "audit" for label in pages),
        "accepted": prefixes["accept"],
        "rejected": prefixes["reject"],
        "unsure": prefixes["unsure"],
        "undecided": tasks - len(labels),
        "decided": sum(label.source == "decision" for label in labels),
    }
