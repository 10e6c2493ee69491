#!/usr/bin/env python3
"""Fits the forest that gives the instant engine's candidates their chances.

    cargo bench --bench quality -- --set added-lines --data RELEASES --every 2 --typed 0,3,8,16,32 --dump candidates.bin
    fit.py candidates.bin > src/engine/instant/forest.txt

Needs numpy and lightgbm. A dump is rows of little-endian 32-bit floats: the number of the question, 1 for the right
candidate, and the candidate's features (`src/engine/instant/score.rs`). What it was fitted on: see `quality.md`.
Prints, on stderr, which bar goes with which precision on questions that the forest was not fitted on.
"""

import sys

import lightgbm
import numpy

N_TREES, N_LEAVES = 300, 16
PRECISIONS = (0.60, 0.62, 0.64, 0.66, 0.68, 0.70)


def model():
    return lightgbm.LGBMClassifier(
        n_estimators=N_TREES, num_leaves=N_LEAVES, learning_rate=0.06, min_child_samples=80, max_bin=63,
        verbose=-1, seed=1, deterministic=True, force_row_wise=True)


def tops(question, right, chance):
    """Chance of the best candidate of each question, best first, and whether it is right."""
    order = numpy.lexsort((-chance, question))
    first = order[numpy.r_[True, question[order][1:] != question[order][:-1]]]
    first = first[numpy.argsort(-chance[first])]
    return chance[first], right[first]


def text(node):
    if "leaf_value" in node:
        return f"{node['leaf_value']:.4g}"
    assert node["decision_type"] == "<="
    below, above = text(node["left_child"]), text(node["right_child"])
    return f"({node['split_feature']} {node['threshold']:.4g} {below} {above})"


def main():
    path = sys.argv[1]
    n_columns = int(numpy.fromfile(path, "<f4", 1)[0])
    rows = numpy.fromfile(path, "<f4")[1:].reshape(-1, n_columns)
    question, right, features = rows[:, 0], rows[:, 1], rows[:, 2:]

    chance = numpy.zeros(len(rows))
    fold = question // 64 % 2
    for held_out in (0, 1):
        here = fold == held_out
        fitted = model().fit(features[~here], right[~here])
        chance[here] = fitted.predict_proba(features[here])[:, 1]
    bar, is_right = tops(question, right, chance)
    precision = numpy.cumsum(is_right) / numpy.arange(1, len(is_right) + 1)
    for wanted in PRECISIONS:
        n_shown = numpy.where(precision >= wanted)[0][-1] + 1
        print(f"bar {bar[n_shown - 1]:.3f}: {precision[n_shown - 1]:.1%} right of {n_shown / len(bar):.1%} shown",
              file=sys.stderr)

    for tree in model().fit(features, right).booster_.dump_model()["tree_info"]:
        print(text(tree["tree_structure"]))


main()
