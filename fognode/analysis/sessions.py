"""What kind of opening was it, by what the sensors felt?

The hard rules of custody give the labels; the classifier sees only what the sensors felt
(``features.SENSED``) and none of the papers the rules look at, or it would recite the rule.
It never mutes a rule: it tells how well the kinds can be told apart, and which openings look
unlike the kind the rules gave them.

Source: APTM paper, section 4.4, function patternDetection.
"""

from collections import Counter
from typing import Any

import numpy
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fognode.analysis.features import SENSED, Opening
from fognode.analysis.findings import NUMBERS, Finding
from fognode.analysis.models import (
    Trained,
    check_stored,
    model_file,
    permille,
    probe_hash,
    probe_rows,
    rows_hash,
    save_model,
)
from fognode.analysis.study import Result, Study

TASK = "sessions"
LABELS_LEAST = 30
CLASSES_LEAST = 2
CLASS_LEAST = 8  # openings of one kind before it counts
DAYS_LEAST = 5  # one for each fold
FOLDS = 5
ODD_OWN, ODD_OTHER = 0.1, 0.8  # its own kind at most, another at least: it looks unlike
ODD_MOST = 5  # newest odd openings named
PARAMS = {"C": 0.3, "max_iter": 2000}


def make_classifier() -> Any:
    """Return the classifier, untrained."""
    return make_pipeline(StandardScaler(), LogisticRegression(**PARAMS))


def find_sessions(study: Study) -> Result:
    """Train, validate with whole days left out, and tell what was learnt."""
    openings, labels = _labelled(study)
    if short := _shortage(openings, labels):
        first, last = _ends(openings)
        finding = Finding(
            task=TASK,
            number=NUMBERS[TASK],
            text=short,
            enough=False,
            first_seq=first,
            last_seq=last,
            more={"labelled": len(labels)},
        )
        return Result(findings=[finding])
    rows = [
        (opening.opening, *opening.numbers[: len(SENSED)], label)
        for opening, label in zip(openings, labels, strict=True)
    ]
    rows_sha256 = rows_hash(rows)
    unchanged, trouble = check_stored(study, TASK, rows_sha256)
    return Result() if unchanged else _train(study, openings, labels, (rows_sha256, trouble))


def _labelled(study: Study) -> tuple[list[Opening], list[str]]:
    verdict = {key: word for key, word in study.verdicts.items() if word not in {"", "open"}}
    openings = [opening for opening in study.record.openings if opening.opening in verdict]
    return openings, [verdict[opening.opening] for opening in openings]


def _ends(openings: list[Opening]) -> tuple[int, int]:
    return (openings[0].first_seq, openings[-1].last_seq) if openings else (0, 0)


def _shortage(openings: list[Opening], labels: list[str]) -> str:
    """Return what is lacking, or "" when there is enough to learn from."""
    counts = Counter(labels)
    full = sum(count >= CLASS_LEAST for count in counts.values())
    days = len({opening.day for opening in openings})
    if len(labels) >= LABELS_LEAST and full >= CLASSES_LEAST and days >= DAYS_LEAST:
        return ""
    return (
        f"Not enough data to tell kinds of openings apart: {len(labels)} of {LABELS_LEAST} "
        f"openings, {full} of {CLASSES_LEAST} kinds seen {CLASS_LEAST} times, "
        f"{days} of {DAYS_LEAST} days."
    )


def _train(
    study: Study, openings: list[Opening], labels: list[str], rows: tuple[str, str]
) -> Result:
    rows_sha256, trouble = rows
    seen = numpy.array([opening.numbers[: len(SENSED)] for opening in openings])
    truth = numpy.array(labels)
    classes = sorted(set(labels))
    guesses, baseline = _unseen_days(seen, truth, [opening.day for opening in openings], classes)
    metrics = _metrics(truth, guesses, baseline, classes)
    classifier = make_classifier().fit(seen, truth)
    useful = metrics["accuracy_permille"] > metrics["baseline_permille"]
    trained = Trained(
        task=TASK,
        algorithm="StandardScaler + LogisticRegression",
        window_from_ms=openings[0].opened_at_ms,
        window_to_ms=openings[-1].opened_at_ms,
        row_count=len(labels),
        rows_sha256=rows_sha256,
        params={**PARAMS, "features": list(SENSED), "folds": FOLDS},
        metrics={**metrics, "labels": dict(sorted(Counter(labels).items()))},
        probe_hash=probe_hash(classifier.predict_proba(probe_rows(len(SENSED)))),
        file_sha256=save_model(classifier, model_file(study.models, TASK, study.run)),
        status="champion" if useful else "challenger",
    )
    odd = _odd_openings(openings, labels, guesses, classes) if useful else []
    first, last = _ends(openings)
    finding = Finding(
        task=TASK,
        number=NUMBERS[TASK],
        text=_sentence(metrics, Counter(labels).most_common(1)[0][0], len(odd)) + trouble,
        enough=True,
        model=trained.model_id(study.run),
        window_from_ms=trained.window_from_ms,
        window_to_ms=trained.window_to_ms,
        metric_permille=metrics["accuracy_permille"],
        baseline_permille=metrics["baseline_permille"],
        first_seq=first,
        last_seq=last,
        more={"odd": [opening.opening for opening in odd], "labelled": len(labels)},
    )
    return Result(findings=[finding], versions=[trained.row(study)])


def _unseen_days(
    seen: Any, truth: Any, days: list[str], classes: list[str]
) -> tuple[Any, list[str]]:
    """Return, for each opening, what models that never saw its day say of it.

    The first value holds probabilities in the order of ``classes``, the second the most
    frequent class of the same training days: the baseline.
    """
    guesses = numpy.zeros((len(truth), len(classes)))
    baseline = [""] * len(truth)
    for learn, test in GroupKFold(n_splits=FOLDS).split(seen, truth, groups=days):
        common = Counter(truth[learn].tolist()).most_common(1)[0][0]
        for place in test:
            baseline[place] = common
        if len(set(truth[learn].tolist())) == 1:
            guesses[test, classes.index(common)] = 1  # nothing to choose between
            continue
        classifier = make_classifier().fit(seen[learn], truth[learn])
        columns = [classes.index(label) for label in classifier.classes_]
        guesses[numpy.ix_(test, columns)] = classifier.predict_proba(seen[test])
    return guesses, baseline


def _metrics(truth: Any, guesses: Any, baseline: list[str], classes: list[str]) -> dict[str, Any]:
    named = numpy.array(classes)[guesses.argmax(axis=1)]
    each = {"labels": classes, "average": None, "zero_division": 0}
    recall = recall_score(truth, named, **each)
    precision = precision_score(truth, named, **each)
    mean = {"average": "macro", "zero_division": 0}
    return {
        "accuracy_permille": permille(accuracy_score(truth, named)),
        "baseline_permille": permille(accuracy_score(truth, baseline)),
        "macro_f1_permille": permille(f1_score(truth, named, **mean)),
        "baseline_macro_f1_permille": permille(f1_score(truth, baseline, **mean)),
        "recall_permille": dict(zip(classes, map(permille, recall), strict=True)),
        "precision_permille": dict(zip(classes, map(permille, precision), strict=True)),
    }


def _odd_openings(
    openings: list[Opening], labels: list[str], guesses: Any, classes: list[str]
) -> list[Opening]:
    odd = [
        opening
        for opening, label, guess in zip(openings, labels, guesses, strict=True)
        if guess[classes.index(label)] <= ODD_OWN and guess.max() >= ODD_OTHER
    ]
    return odd[-ODD_MOST:]


def _sentence(metrics: dict[str, Any], common: str, odd: int) -> str:
    right, always = metrics["accuracy_permille"], metrics["baseline_permille"]
    score = (
        f"right in {right / 10:.0f} of 100 openings on days not learnt from; "
        f"always saying {common!r} is right in {always / 10:.0f}."
    )
    if right <= always:
        return f"What the sensors feel does not yet tell kinds of openings apart: {score}"
    looks = f" {odd} openings look unlike the kind the rules gave them." if odd else ""
    return f"What the sensors feel tells kinds of openings apart: {score}{looks}"
