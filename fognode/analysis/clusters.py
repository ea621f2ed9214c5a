"""Habits: openings that keep being alike, in words; hidden when they are not stable.

KMeans finds groups in anything.  So groups are shown only if they come back when openings
are drawn anew (bootstrap), and if they hold openings together better than groups of the same
openings with each column shuffled: where nothing is linked, shuffling changes nothing.

Source: APTM paper, section 4.4, function correlation.
"""

from typing import Any

import numpy
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fognode.analysis.features import NAMES, Opening
from fognode.analysis.findings import NUMBERS, TEXT_MOST, Finding
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

TASK = "clusters"
OPENINGS_LEAST = 60
OPENINGS_MOST = 2_000  # newest used: habits of long ago are not habits
GROUPS = range(2, 9)
BOOTSTRAPS = 10
SHUFFLES = 39  # none of 39 as good: less than 1 chance in 40 that nothing is linked
STABLE_LEAST = 0.6  # mean adjusted Rand index of the bootstraps
LIFT_LEAST = 1.1  # a sensor names a group it speaks in this much more often than elsewhere
SEED = 0


def find_clusters(study: Study) -> Result:
    """Group the newest openings and tell the habits, or that there are none."""
    openings = list(study.record.openings[-OPENINGS_MOST:])
    if len(openings) < OPENINGS_LEAST:
        text = (
            f"Not enough data to find habits: {len(openings)} of {OPENINGS_LEAST} closed openings."
        )
        return Result(findings=[_finding(openings, text, enough=False)])
    rows_sha256 = rows_hash((opening.opening, *opening.numbers) for opening in openings)
    unchanged, trouble = check_stored(study, TASK, rows_sha256)
    return Result() if unchanged else _train(study, openings, rows_sha256, trouble)


def _train(study: Study, openings: list[Opening], rows_sha256: str, trouble: str) -> Result:
    plain = numpy.array([opening.numbers for opening in openings])
    scaled = StandardScaler().fit_transform(plain)
    stability = {groups: _stability(scaled, groups) for groups in GROUPS}
    # A tie goes to fewer groups: any yes-or-no column splits them once more, as stably.
    groups = max(GROUPS, key=lambda k: (round(stability[k], 2), -k))
    better = _beats_shuffled(scaled, groups)
    chance = _stability(numpy.random.default_rng(SEED).permuted(scaled, axis=0), groups)
    shown = stability[groups] >= STABLE_LEAST and better
    model = make_pipeline(StandardScaler(), _kmeans(groups)).fit(plain)
    trained = Trained(
        task=TASK,
        algorithm="StandardScaler + KMeans",
        window_from_ms=openings[0].opened_at_ms,
        window_to_ms=openings[-1].opened_at_ms,
        row_count=len(openings),
        rows_sha256=rows_sha256,
        params={"groups": groups, "seed": SEED, "features": list(NAMES)},
        metrics={
            "stability_permille": {str(k): permille(score) for k, score in stability.items()},
            "shuffled_stability_permille": permille(chance),
            "beats_shuffled": int(better),
        },
        probe_hash=probe_hash(model.transform(probe_rows(len(NAMES)))),
        file_sha256=save_model(model, model_file(study.models, TASK, study.run)),
        status="champion" if shown else "challenger",
    )
    text = "No stable habits: openings do not fall into groups that come back."
    names: list[str] = []
    if shown:
        names = _names(openings, model[-1].labels_)
        text = _fitting(f"{groups} habits: ", names)
    finding = _finding(
        openings,
        text + trouble,
        enough=True,
        model=trained.model_id(study.run),
        metric_permille=permille(stability[groups]),
        baseline_permille=permille(chance),
        more={"habits": list(names), "openings": len(openings)},
    )
    return Result(findings=[finding], versions=[trained.row(study)])


def _finding(openings: list[Opening], text: str, **facts: Any) -> Finding:
    facts.setdefault("more", {"openings": len(openings)})
    if openings:
        facts |= {
            "first_seq": openings[0].first_seq,
            "last_seq": openings[-1].last_seq,
            "window_from_ms": openings[0].opened_at_ms,
            "window_to_ms": openings[-1].opened_at_ms,
        }
    return Finding(task=TASK, number=NUMBERS[TASK], text=text, **facts)


def _kmeans(groups: int) -> Any:
    return KMeans(n_clusters=groups, n_init=5, random_state=SEED)


def _stability(scaled: Any, groups: int) -> float:
    """Return the mean agreement of groups learnt from all with groups learnt from redraws."""
    whole = _kmeans(groups).fit_predict(scaled)
    draw = numpy.random.default_rng(SEED)
    scores = []
    for _ in range(BOOTSTRAPS):
        chosen = draw.integers(0, len(scaled), len(scaled))
        again = _kmeans(groups).fit(scaled[chosen]).predict(scaled)
        scores.append(adjusted_rand_score(whole, again))
    return float(numpy.mean(scores))


def _beats_shuffled(scaled: Any, groups: int) -> bool:
    draw = numpy.random.default_rng(SEED)
    real = _kmeans(groups).fit(scaled).inertia_
    shuffled = (
        _kmeans(groups).fit(draw.permuted(scaled, axis=0)).inertia_ for _ in range(SHUFFLES)
    )
    return all(real < inertia for inertia in shuffled)


def _names(openings: list[Opening], labels: Any) -> list[str]:
    weeks = max(1.0, (openings[-1].opened_at_ms - openings[0].opened_at_ms) / (7 * 86_400_000))
    groups = [
        [opening for opening, label in zip(openings, labels, strict=True) if label == group]
        for group in sorted(set(labels.tolist()))
    ]
    groups.sort(key=lambda members: (-len(members), members[0].opening))
    return [_name(members, openings, weeks) for members in groups]


def _name(members: list[Opening], openings: list[Opening], weeks: float) -> str:
    hours = sorted(opening.hour for opening in members)
    seconds = sorted(opening.open_s for opening in members)
    badged = sum(opening.has_badge for opening in members)
    quarter = len(members) // 4
    return ", ".join(
        (
            _top_sensors(members, openings),
            f"{hours[quarter]:02d}-{hours[-1 - quarter] + 1:02d} h",
            f"{max(1, round(seconds[len(members) // 2] / 60))} min",
            "with badge" if 2 * badged >= len(members) else "no badge",
            f"{len(members) / weeks:.0f} a week",
        )
    )


def _top_sensors(members: list[Opening], openings: list[Opening]) -> str:
    lifts = []
    for family in sorted(set().union(*(opening.families for opening in members))):
        here = sum(family in opening.families for opening in members) / len(members)
        anywhere = sum(family in opening.families for opening in openings) / len(openings)
        lifts.append((-here / anywhere, family))
    top = [family for lift, family in sorted(lifts) if -lift >= LIFT_LEAST]
    return " and ".join(top[:2]) or "mixed visits"


def _fitting(start: str, names: list[str]) -> str:
    # Names of small habits go first when the text would be too long for its column.
    room = TEXT_MOST - 100  # for a sentence about the model's file
    while names and len(start + "; ".join(names)) > room:
        names = names[:-1]
    return start + "; ".join(names) + "."
