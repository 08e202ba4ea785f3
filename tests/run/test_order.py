from recall.run.order import StepPosition, run_order


def test_a_run_goes_round_and_ends_with_the_corpus() -> None:
    loop = ["train", "scan", "domains", "label", "harvest", "seal"]
    assert [position.verb for position in run_order(2, applied=False)] == ["seed", *loop, *loop, "build"]


def test_an_applied_run_inherits_its_model_and_its_labels() -> None:
    verbs = [position.verb for position in run_order(1, applied=True)]
    assert verbs == ["train", "label", "scan", "domains", "harvest", "seal", "build"]


def test_an_applied_run_that_is_audited_labels_in_the_usual_place() -> None:
    verbs = [position.verb for position in run_order(1, applied=True, audited=True)]
    assert verbs == ["train", "scan", "domains", "label", "harvest", "seal", "build"]


def test_positions_know_their_files() -> None:
    assert StepPosition(0, "seed").manifest == "seed/step.json"
    assert StepPosition(2, "scan").manifest == "rounds/2/scan/step.json"
    assert StepPosition(2, "seal").manifest == "rounds/2/round.json"
    assert StepPosition(0, "build").manifest == "corpus/step.json"
