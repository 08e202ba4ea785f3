import numpy as np
import pytest

from recall.corpus.ranking.ridge import CLIP, Floats, fit_ridge, solve


def rows_and_targets(seed: int = 3) -> tuple[Floats, Floats]:
    random = np.random.default_rng(seed)
    rows = random.normal(size=(80, 5)) * [1, 10, 0.1, 3, 1] + [0, 5, 1, -4, 2]
    return rows, rows @ [1.0, 0.1, 4.0, 0.0, -0.5] + random.normal(size=80) * 0.1


def test_the_solution_is_that_of_a_library() -> None:
    random = np.random.default_rng(2)
    factor = random.normal(size=(12, 12))
    matrix, right = factor @ factor.T + np.eye(12), random.normal(size=12)
    assert solve(matrix, right) == pytest.approx(np.linalg.solve(matrix, right))


@pytest.mark.parametrize("penalty", [0.001, 10.0, 1000.0])
def test_the_weights_are_those_of_the_normal_equations(penalty: float) -> None:
    rows, targets = rows_and_targets()
    model = fit_ridge(rows, targets, penalty)
    standard = np.clip((rows - rows.mean(0)) / rows.std(0), -CLIP, CLIP)
    expected = np.linalg.solve(standard.T @ standard + penalty * np.eye(5), standard.T @ (targets - targets.mean()))
    assert model.weights == pytest.approx(expected)
    assert model.predict(rows) == pytest.approx(standard @ expected + targets.mean())


def test_what_is_not_known_counts_as_the_mean_of_what_is() -> None:
    rows, targets = rows_and_targets()
    holed = rows.copy()
    holed[::3, 1] = np.nan
    model = fit_ridge(holed, targets, 1.0)
    at_mean = rows[:1].copy()
    at_mean[0, 1] = np.nanmean(holed[:, 1])
    unknown = at_mean.copy()
    unknown[0, 1] = np.nan
    assert model.predict(unknown) == pytest.approx(model.predict(at_mean))


def test_a_column_of_one_value_or_of_none_has_no_weight() -> None:
    rows, targets = rows_and_targets()
    rows[:, 2], rows[:, 3] = 7.0, np.nan
    model = fit_ridge(rows, targets, 1.0)
    assert model.weights[2] == model.weights[3] == 0.0
    changed = rows.copy()
    changed[:, 2], changed[:, 3] = 1e9, 5.0
    assert model.predict(changed).tolist() == model.predict(rows).tolist()


def test_a_value_beyond_all_others_moves_no_page_further_than_the_clip() -> None:
    rows, targets = rows_and_targets()
    model = fit_ridge(rows, targets, 1.0)
    far, farther = rows[:1].copy(), rows[:1].copy()
    far[0, 0], farther[0, 0] = 1e3, 1e12
    assert model.predict(far).tolist() == model.predict(farther).tolist()


def test_a_row_is_predicted_alike_alone_and_among_others() -> None:
    rows, targets = rows_and_targets()
    model = fit_ridge(rows, targets, 5.0)
    together = model.predict(rows)
    assert [model.predict(rows[at : at + 1])[0] for at in range(80)] == together.tolist()
