import numpy as np
import pytest

from recall.corpus.ranking.ridge import (
    BUCKETS,
    CLIP,
    SIGNALS_WEIGHT,
    Floats,
    LinearModel,
    PageFeatures,
    fit_ridge,
    shared_words,
    solve,
)


def features_and_targets(seed: int = 3, count: int = 80) -> tuple[PageFeatures, Floats]:
    random = np.random.default_rng(seed)
    rows = random.normal(size=(count, 5)) * [1, 10, 0.1, 3, 1] + [0, 5, 1, -4, 2]
    words = tuple(np.unique(random.integers(0, 40, random.integers(0, 30))) for _ in range(count))
    targets = rows @ [1.0, 0.1, 4.0, 0.0, -0.5] + random.normal(size=count) * 0.1
    return PageFeatures(rows, words), targets + np.array([7 in each for each in words])


def fitted(features: PageFeatures, targets: Floats, penalty: float = 1.0) -> LinearModel:
    return fit_ridge(features, targets, shared_words(features.words), penalty)


def in_one_table(features: PageFeatures) -> Floats:
    """The features as the definition has them: standardised columns and words, by their prior."""
    rows = features.rows
    standard = np.clip((rows - rows.mean(0)) / rows.std(0), -CLIP, CLIP) * np.sqrt(SIGNALS_WEIGHT / rows.shape[1])
    present = np.zeros((len(rows), BUCKETS))
    for page, words in enumerate(features.words):
        present[page, words] = 1 / np.sqrt(max(1, len(words)))
    return np.concatenate([standard, present], axis=1)


def test_the_solution_is_that_of_a_library() -> None:
    random = np.random.default_rng(2)
    factor = random.normal(size=(12, 12))
    matrix, right = factor @ factor.T + np.eye(12), random.normal(size=12)
    assert solve(matrix, right) == pytest.approx(np.linalg.solve(matrix, right))


@pytest.mark.parametrize("penalty", [0.001, 0.3, 100.0])
def test_the_predictions_are_those_of_the_normal_equations(penalty: float) -> None:
    features, targets = features_and_targets()
    table = in_one_table(features)
    table = table[:, np.abs(table).sum(axis=0) > 0]
    right = table.T @ (targets - targets.mean())
    weights = np.linalg.solve(table.T @ table + penalty * np.eye(table.shape[1]), right)
    model = fitted(features, targets, penalty)
    assert model.predict(features) == pytest.approx(table @ weights + targets.mean(), abs=1e-6)


def test_a_word_that_goes_with_the_target_has_the_largest_weight() -> None:
    features, _ = features_and_targets(count=400)
    model = fitted(features, np.array([float(7 in each) for each in features.words]))
    assert int(np.argmax(model.words)) == 7
    assert not model.words[40:].any()


def test_words_that_two_pages_share_are_counted() -> None:
    shared = shared_words([np.array([1, 2, 3, 4]), np.array([4, 5, 6, 7]), np.array([], np.int64)])
    assert shared.tolist() == [[1.0, 0.25, 0.0], [0.25, 1.0, 0.0], [0.0, 0.0, 0.0]]


def test_what_is_not_known_counts_as_the_mean_of_what_is() -> None:
    features, targets = features_and_targets()
    holed = features.rows.copy()
    holed[::3, 1] = np.nan
    model = fitted(PageFeatures(holed, features.words), targets)
    at_mean = features.rows[:1].copy()
    at_mean[0, 1] = np.nanmean(holed[:, 1])
    unknown = at_mean.copy()
    unknown[0, 1] = np.nan
    words = features.words[:1]
    assert model.predict(PageFeatures(unknown, words)) == pytest.approx(model.predict(PageFeatures(at_mean, words)))


def test_a_column_of_one_value_or_of_none_has_no_weight() -> None:
    features, targets = features_and_targets()
    features.rows[:, 2], features.rows[:, 3] = 7.0, np.nan
    model = fitted(features, targets)
    assert model.weights[2] == model.weights[3] == 0.0
    changed = features.rows.copy()
    changed[:, 2], changed[:, 3] = 1e9, 5.0
    assert model.predict(PageFeatures(changed, features.words)).tolist() == model.predict(features).tolist()


def test_a_value_beyond_all_others_moves_no_page_further_than_the_clip() -> None:
    features, targets = features_and_targets()
    model = fitted(features, targets)
    far, farther = features.rows[:1].copy(), features.rows[:1].copy()
    far[0, 0], farther[0, 0] = 1e3, 1e12
    found = [model.predict(PageFeatures(rows, features.words[:1])).tolist() for rows in (far, farther)]
    assert found[0] == found[1]


def test_a_page_is_predicted_alike_alone_and_among_others() -> None:
    features, targets = features_and_targets()
    model = fitted(features, targets)
    alone = [
        model.predict(PageFeatures(features.rows[at : at + 1], features.words[at : at + 1]))[0] for at in range(80)
    ]
    assert alone == model.predict(features).tolist()
