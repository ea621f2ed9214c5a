"""How much of each product will be used next month, in grams, with an interval.

A product used in most months: a season index, shrunk towards 1 as far as its months vary from
year to year, times simple exponential smoothing (SES).  A product used now and then: its mean
month over the last year.  Either must do no worse than the plain guess (the same month last
year; with less than a year of record, the last month) on later months it has not seen, or the
plain guess is told.
Nothing here needs scikit-learn: on one farm's products the boosted models it offers are no
better (docs/decisions/0005).

Source: APTM paper, section 4.4, function prediction.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist, mean, variance

from fognode.analysis.features import Use, month_of, month_text
from fognode.analysis.findings import NUMBERS, PRODUCTS_FROM, Finding
from fognode.analysis.models import Trained, permille, probe_hash, rows_hash
from fognode.analysis.study import Result, Study

TASK = "demand"
MONTHS_LEAST = 3
MONTHS_MOST = 60
AHEAD = 2  # the running month is not over: the next one is two after the last whole one
YEAR = 12
HELD_MOST = 12  # later months held back for scoring; a third of the series when that is less
SHRINK = 3.0  # average years a season index starts from while hardly a month was seen twice
SHRINK_MOST = 50.0  # months that differ no more than chance: as good as no season
TWICE_LEAST = 6  # calendar months seen in two years before their spread is believed
INDEX_LEAST = 0.05
ALPHAS = (0.05, 0.1, 0.2, 0.3, 0.5)
INTERMITTENT = 1.32  # months for each month of use beyond which use is now and then
INSIDE = 0.9  # share of months that the interval is meant to cover

# Told the months so far, the calendar month of the first, and how many months ahead: 1 to 12.
Guess = Callable[[Sequence[int], int, int], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Grams of one product in one coming month."""

    method: str  # season_ses, mean_month or plain
    expected_g: int
    low_g: int
    high_g: int
    error_permille: int  # absolute error on the held-back months, of what was used in them
    plain_permille: int  # the same, of the plain guess


def forecast_use(grams: Sequence[int], first: int) -> Forecast:
    """Forecast the month AHEAD months after the last of a series of whole months.

    ``first`` is the calendar month of the first value, January = 0.

    Raises:
        ValueError: There are less than MONTHS_LEAST months, or the forecast is zero for the
            whole coming year.
    """
    if len(grams) < MONTHS_LEAST:
        raise ValueError(f"{len(grams)} whole months of {MONTHS_LEAST}")
    used = sum(grams_g > 0 for grams_g in grams)
    now_and_then = used * INTERMITTENT < len(grams)
    method, guess = ("mean_month", mean_month) if now_and_then else ("season_ses", season_ses)
    errors, plain_errors = _held_errors(guess, grams, first), _held_errors(plain, grams, first)
    held = grams[-len(errors) :]
    # A tie goes to the model: it uses the whole series.
    if _total(errors) > _total(plain_errors):
        method, guess, errors = "plain", plain, plain_errors
    # Zero always is the guess with the least error for rare use, and a useless one.
    if not any(round(guess(grams, first, ahead)) for ahead in range(1, YEAR + 1)):
        raise ValueError(f"zero for the whole coming year, after use in {used} months")
    expected_g = round(guess(grams, first, AHEAD))
    spread_g = _quantile(len(errors)) * sqrt(mean(error * error for error in errors))
    return Forecast(
        method=method,
        expected_g=expected_g,
        low_g=max(0, round(expected_g - spread_g)),
        high_g=round(expected_g + spread_g),
        error_permille=permille(_total(errors) / max(1, sum(held))),
        plain_permille=permille(_total(plain_errors) / max(1, sum(held))),
    )


def plain(grams: Sequence[int], first: int, ahead: int) -> float:
    """Return the same month of last year, or the last month while there is no such."""
    del first  # every Guess is told it; the series alone is enough here
    wanted = len(grams) - 1 + ahead - YEAR
    return float(grams[wanted] if wanted >= 0 else grams[-1])


def mean_month(grams: Sequence[int], first: int, ahead: int) -> float:
    """Return the mean month of the last year."""
    del first, ahead
    return mean(grams[-YEAR:])


def season_ses(grams: Sequence[int], first: int, ahead: int) -> float:
    """Return the season's index of the wanted month times the smoothed level."""
    index = _season(grams, first)
    calm = [grams_g / index[(first + place) % YEAR] for place, grams_g in enumerate(grams)]
    start = mean(calm[: max(1, len(calm) // 4)])
    _, level = min(_smooth(calm, start, alpha) for alpha in ALPHAS)
    return level * index[(first + len(grams) - 1 + ahead) % YEAR]


def _season(grams: Sequence[int], first: int) -> list[float]:
    overall = mean(grams)
    if overall == 0:
        return [1.0] * YEAR
    by_month: list[list[int]] = [[] for _ in range(YEAR)]
    for place, grams_g in enumerate(grams):
        by_month[(first + place) % YEAR].append(grams_g)
    shrink = _shrink(by_month)
    raw = [
        (sum(month) + shrink * overall) / (len(month) + shrink) / overall if month else 1.0
        for month in by_month
    ]
    return [max(INDEX_LEAST, value / mean(raw)) for value in raw]


def _shrink(by_month: list[list[int]]) -> float:
    """Return how many average years to mix into each month.

    That is the variance of one calendar month over the years, divided by the variance
    between calendar months: strong seasons are believed, chance ones are not.
    """
    twice = [month for month in by_month if len(month) >= 2]
    if len(twice) < TWICE_LEAST:
        return SHRINK
    within = mean(variance(month) for month in twice)
    years = mean(len(month) for month in twice)
    between = variance([mean(month) for month in by_month if month]) - within / years
    return min(SHRINK_MOST, within / between) if between > 0 else SHRINK_MOST


def _smooth(calm: Sequence[float], start: float, alpha: float) -> tuple[float, float]:
    """Return the squared one-step error of simple exponential smoothing, and its last level."""
    level, squared = start, 0.0
    for value in calm:
        error = value - level
        squared += error * error
        level += alpha * error
    return squared, level


def _held_errors(guess: Guess, grams: Sequence[int], first: int) -> list[float]:
    """Return the errors on the last months, each guessed from what lay AHEAD months before."""
    held = max(1, min(HELD_MOST, len(grams) // 3))
    return [
        grams[place] - guess(grams[: place - AHEAD + 1], first, AHEAD)
        for place in range(len(grams) - held, len(grams))
    ]


def _total(errors: Sequence[float]) -> float:
    return sum(abs(error) for error in errors)


def _quantile(count: int) -> float:
    """Return Student's t for ``count`` errors: few errors understate their own spread.

    Source: Abramowitz & Stegun, 26.7.5, first three terms.
    """
    z = NormalDist().inv_cdf((1 + INSIDE) / 2)
    return z + (z**3 + z) / (4 * count) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * count**2)


def find_demand(study: Study) -> Result:
    """Forecast every product used so far, or say what is lacking."""
    uses = study.record.uses
    if not uses:
        text = "Not enough data to predict use: no product was weighed out and back yet."
        return Result(findings=[Finding(task=TASK, number=NUMBERS[TASK], text=text, enough=False)])
    series = [(use, *_whole_months(study, use)) for use in uses]
    rows_sha256 = rows_hash((use.gtin, first, *grams) for use, first, grams in series)
    version = study.versions.get(TASK)
    if version is not None and version["rows_sha256"] == rows_sha256:
        return Result()
    result, forecasts = Result(), {}
    for number, (use, first, grams) in enumerate(series, start=PRODUCTS_FROM):
        try:
            forecast = forecast_use(grams, first % YEAR)
        except ValueError as error:
            result.findings.append(_lacking(use, number, len(grams), str(error)))
            continue
        forecasts[use.gtin] = forecast
        result.findings.append(_prediction(study, use, number, (first, forecast)))
    if forecasts:
        trained = _trained(study, series, rows_sha256, forecasts)
        result.versions.append(trained.row(study))
    return result


def _whole_months(study: Study, use: Use) -> tuple[int, list[int]]:
    """Return the first month that counts, and the grams of each month that is over."""
    begun = month_of(study.first_at_ms, study.zone)
    running = month_of(study.now_ms, study.zone)
    # The month the record began in is whole only if it began with it: left out.
    first = max(begun + 1, min(use.grams), running - MONTHS_MOST)
    return first, [use.grams.get(month, 0) for month in range(first, running)]


def _name(use: Use) -> str:
    return use.name[:60] or f"GTIN {use.gtin}"


def _lacking(use: Use, number: int, months: int, reason: str) -> Finding:
    return Finding(
        task=TASK,
        number=number,
        text=f"{_name(use)}: not enough data to predict use: {reason}.",
        enough=False,
        first_seq=use.first_seq,
        last_seq=use.last_seq,
        more={"gtin": use.gtin, "months": months},
    )


def _prediction(study: Study, use: Use, number: int, told: tuple[int, Forecast]) -> Finding:
    first, forecast = told
    running = month_of(study.now_ms, study.zone)
    month = month_text(running + 1)
    text = (
        f"{_name(use)}: about {forecast.expected_g / 1000:.1f} kg will be used in {month}, in 9 "
        f"of 10 months between {forecast.low_g / 1000:.1f} and {forecast.high_g / 1000:.1f} kg. "
        f"On later months not learnt from it was wrong by "
        f"{forecast.error_permille / 10:.0f} % of the use, "
        f"a plain guess by {forecast.plain_permille / 10:.0f} %."
    )
    return Finding(
        task=TASK,
        number=number,
        text=text,
        enough=True,
        model=f"{TASK}/{study.run}/champion",
        window_from_ms=study.first_at_ms,
        window_to_ms=study.now_ms,
        metric_permille=forecast.error_permille,
        baseline_permille=forecast.plain_permille,
        first_seq=use.first_seq,
        last_seq=use.last_seq,
        more={
            "gtin": use.gtin,
            "month": month,
            "method": forecast.method,
            "months": running - first,
            "expected_g": forecast.expected_g,
            "low_g": forecast.low_g,
            "high_g": forecast.high_g,
        },
    )


def _trained(
    study: Study,
    series: list[tuple[Use, int, list[int]]],
    rows_sha256: str,
    forecasts: dict[str, Forecast],
) -> Trained:
    return Trained(
        task=TASK,
        algorithm="season x SES, mean month or plain guess",
        window_from_ms=study.first_at_ms,
        window_to_ms=study.now_ms,
        row_count=sum(len(grams) for _, _, grams in series),
        rows_sha256=rows_sha256,
        params={"shrink": str(SHRINK), "ahead": AHEAD, "held_most": HELD_MOST},
        metrics={
            gtin: {
                "method": forecast.method,
                "error_permille": forecast.error_permille,
                "plain_permille": forecast.plain_permille,
            }
            for gtin, forecast in forecasts.items()
        },
        probe_hash=probe_hash(
            [[f.expected_g, f.low_g, f.high_g] for _, f in sorted(forecasts.items())]
        ),
        file_sha256="",
        status="champion",
    )
