"""A history: what happens to one practice, as plain data drawn from a seed, so that it can be shrunk and told.

Each step has dice of its own, so that leaving one out changes no other.
"""

from __future__ import annotations

import random
import tempfile
import traceback
from dataclasses import dataclass, replace
from pathlib import Path
from unittest.mock import patch

from tests.support.simulation import themes
from tests.support.simulation.actors import ACTS
from tests.support.simulation.invariants import Broken, check, comes_to_rest, so_far
from tests.support.simulation.practice import made_cheap
from tests.support.simulation.setup import Conditions
from tests.support.simulation.world import World

BY_NAME = {act.__name__: act for act in (*ACTS, *themes.acts_of(tuple(themes.THEMES)))}
PAUSES = (0.0, 0.5, 2.0, 3.0, 10.0, 10.0, 60.0, 600.0, 3600.0, 4 * 3600.0)


@dataclass(frozen=True)
class Step:
    """One thing that happens, so many seconds after the step before."""

    after: float
    act: str
    dice: int


@dataclass(frozen=True)
class History:
    """Everything that one seed makes."""

    conditions: Conditions
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Run:
    """How a history ended: `broken` is empty where every promise held."""

    broken: str
    days: float
    told: tuple[str, ...]
    kills: int = 0
    accepted: int = 0
    requests: int = 0


def history(seed: int, theme: str = "") -> History:
    """Draw a history, of themes that are drawn too, or of one that is asked for."""
    dice = random.Random(f"history {seed}")
    conditions = Conditions(
        seed=seed,
        windows=dice.random() < 0.6,
        granularity_ns=dice.choice((100, 100, 1_000_000_000, 2_000_000_000)),
        share=dice.random() < 0.35,
        archive=dice.random() < 0.2,
        scope=dice.choice(("filename", "filename", "filename", "store")),
        on_conflict=dice.choice(("hold", "hold", "hold", "fail")),
        give_up_after=dice.choice((72, 72, 3)),
        lost_hints=dice.choice((0.0, 0.1, 0.5)),
    )
    names = (theme,) if theme else _themes(seed)
    for name in names:
        conditions = themes.THEMES[name].of(conditions)
    conditions = replace(conditions, themes=names)
    of_themes = themes.acts_of(names)
    acts, weights = zip(*[*ACTS.items(), *of_themes.items()], strict=True)
    steps = tuple(
        Step(dice.choice(PAUSES), dice.choices(acts, weights)[0].__name__, dice.getrandbits(32))
        for _ in range(dice.randint(4, 18))
    )
    return History(conditions, steps)


def _themes(seed: int) -> tuple[str, ...]:
    """Draw with dice of their own: a theme that is turned on changes no seed that is told by its theme."""
    dice = random.Random(f"themes {seed}")
    open_to_all = themes.drawn()
    return tuple(dice.sample(open_to_all, min(dice.choice((0, 1, 1, 2)), len(open_to_all))))


def run(story: History) -> Run:
    """Live through a history and hold what came of it against the promises."""
    with tempfile.TemporaryDirectory(prefix="outtray-simulation-") as spool, made_cheap():
        world = World(story.conditions, Path(spool))
        broken = ""
        held = patch.object(Path, "unlink", world.unlink)  # where a virus scanner may be at the spool
        try:
            held.start()
            for step in story.steps:
                world.live(world.clock.seconds + step.after)
                so_far(world)
                BY_NAME[step.act](world, random.Random(step.dice))
            world.live(world.clock.seconds + 60)
            comes_to_rest(world)
            check(world)
        except Broken as promise:
            broken = str(promise)
        except (AssertionError, LookupError, ValueError, TypeError, OSError, RuntimeError, AttributeError) as trouble:
            broken = f"{type(trouble).__name__}: {trouble}"
            if not isinstance(trouble, AssertionError):
                broken += "\n" + "".join(traceback.format_tb(trouble.__traceback__)[-4:])
        finally:
            held.stop()
            world.practice.ledger.close()
        days = (world.clock.seconds - 1000) / 86400
        return Run(broken, days, tuple(world.told), world.kills, len(world.network.accepted), world.network.requests)


def shrunk(story: History, most_runs: int = 60) -> History:
    """Leave out steps, by halves and then one by one, for as long as a promise is still broken."""
    size, runs = max(1, len(story.steps) // 2), 0
    while runs < most_runs:
        start, smaller = 0, False
        while start < len(story.steps) and runs < most_runs:
            rest = story.steps[start + size :]
            if rest:  # what comes later comes no sooner
                left_out = sum(step.after for step in story.steps[start : start + size])
                rest = (replace(rest[0], after=rest[0].after + left_out), *rest[1:])
            shorter = replace(story, steps=(*story.steps[:start], *rest))
            runs += 1
            if run(shorter).broken:
                story, smaller = shorter, True
            else:
                start += size
        if size > 1:
            size //= 2
        elif not smaller:
            return story
    return story


def as_text(story: History, ended: Run) -> str:
    """Tell a history, for whoever mends what it broke."""
    steps = "\n".join(f"  +{step.after:<8g} {step.act} ({step.dice})" for step in story.steps)
    told = "\n".join(f"  {line}" for line in ended.told)
    return f"{ended.broken}\n{story.conditions}\n{steps}\nWhat happened:\n{told}"
