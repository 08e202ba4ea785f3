from recall.run.order import Place, places


def test_a_run_goes_round_and_ends_with_the_corpus() -> None:
    loop = ["train", "scan", "domains", "label", "harvest", "seal"]
    assert [place.verb for place in places(2, applied=False)] == ["seed", *loop, *loop, "build"]


def test_an_applied_run_inherits_its_model_and_its_labels() -> None:
    verbs = [place.verb for place in places(1, applied=True)]
    assert verbs == ["train", "label", "scan", "domains", "harvest", "seal", "build"]


def test_places_know_their_files() -> None:
    assert Place(0, "seed").manifest == "seed/step.json"
    assert Place(2, "scan").manifest == "rounds/2/scan/step.json"
    assert Place(2, "seal").manifest == "rounds/2/round.json"
    assert Place(0, "build").manifest == "corpus/step.json"
