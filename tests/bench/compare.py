"""Rounds in turn, so that whatever else the machine does falls on all alike; ratios are taken within a round."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One short run of one contestant. `rate` is per second."""

    rate: float
    median_ms: float
    p99_ms: float


type Results = dict[str, list[Round]]


def take_turns(
    contestants: Mapping[str, Callable[[int], Round]],
    *,
    rounds: int,
    after_each: Callable[[], None] = lambda: None,
) -> Results:
    """Let each run once in every round, in an order that turns round each time. The first round is not counted.

    A contestant is called with the number of the round, from 0.
    """
    results: Results = {name: [] for name in contestants}
    for number in range(rounds + 1):
        order = list(contestants) if number % 2 else list(reversed(contestants))
        for name in order:
            result = contestants[name](number)
            if number:
                results[name].append(result)
        after_each()
    return results


def ratio(results: Results, name: str, *, to: str) -> float:
    """How many times as fast `name` is as `to`: the median of the ratios of all rounds."""
    pairs = zip(results[name], results[to], strict=True)
    return median(one.rate / other.rate for one, other in pairs)


def show(title: str, results: Results, *, unit: str, notes: Sequence[str] = ()) -> None:
    """Print a table whose first line is what the others are compared with."""
    first, *_ = results
    width = max(len(name) for name in results) + 2
    say(f"\n{title}")
    say(f"  {'':{width}}{unit:>12}{'median ms':>11}{'p99 ms':>9}{'ratio':>8}{'of the rounds':>17}")
    for name, rounds in results.items():
        ratios = sorted(one.rate / other.rate for one, other in zip(rounds, results[first], strict=True))
        spread = f"{ratios[len(ratios) // 4]:.2f} to {ratios[len(ratios) * 3 // 4]:.2f}"
        say(
            f"  {name:{width}}{median(r.rate for r in rounds):>12.0f}{median(r.median_ms for r in rounds):>11.2f}"
            f"{median(r.p99_ms for r in rounds):>9.2f}{ratio(results, name, to=first):>8.2f}{spread:>17}"
        )
    for note in notes:
        say(f"  {note}")


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
