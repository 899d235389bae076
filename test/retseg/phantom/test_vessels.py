"""Growing vessels: Murray's law, taper, keeping clear, and feeding what is empty."""

import math

import numpy as np
import pytest

from retseg.phantom.vessels import Grower, GrowthRules, Sprout, Vessel, fill_gaps, straight

PLANE = (-10.0, -100.0, 400.0, 100.0)


def grow(rules: GrowthRules, sprouts: list[Sprout], seed: int = 0) -> Grower:
    grower = Grower(rules, lambda _x, _y, heading, _radius: straight(heading), np.random.default_rng(seed))
    grower.plant(sprouts)
    grower.grow()
    return grower


def real(grower: Grower) -> list[Vessel]:
    return [vessel for vessel in grower.vessels if len(vessel.radii)]


def test_a_vessel_without_wander_follows_its_guide_and_ends_at_the_rim_of_the_plane() -> None:
    rules = GrowthRules(PLANE, wander=0.0, branch_every=1e9)
    only = real(grow(rules, [Sprout(0.0, 0.0, 0.0, 4.0, "vein", straight(0.0))]))[0]
    assert np.abs(only.points[:, 1]).max() < 1e-9
    assert only.points[-1, 0] == pytest.approx(400.0, abs=2 * rules.step)


def test_a_vessel_tapers_by_the_rule() -> None:
    """Each step of 2 takes the share 0.0012 x 2 of the radius: after 100 steps 4 x (1 - 0.0024)^100."""
    rules = GrowthRules(PLANE, wander=0.0, branch_every=1e9)
    only = real(grow(rules, [Sprout(0.0, 0.0, 0.0, 4.0, "vein", straight(0.0))]))[0]
    assert only.radii[100] == pytest.approx(4.0 * (1 - 0.0024) ** 100)


def test_radii_at_every_fork_obey_murrays_law() -> None:
    rules = GrowthRules(PLANE, wander=0.0, taper=0.0, clearance=0.0)
    stem, *branches = real(grow(rules, [Sprout(0.0, 0.0, 0.0, 4.0, "vein", straight(0.0, 0.5))]))
    drops = np.flatnonzero(np.diff(stem.radii) < -1e-9)
    assert len(drops) >= 3
    for index in drops[:3]:
        left = [b for b in branches if np.allclose(b.points[0], stem.points[index], atol=1e-9)]
        total = stem.radii[index + 1] ** 2.7 + sum(b.radii[0] ** 2.7 for b in left)
        if left:
            assert total == pytest.approx(stem.radii[index] ** 2.7)


def test_no_vessel_is_thinner_than_the_rules_allow() -> None:
    rules = GrowthRules(PLANE)
    for vessel in real(grow(rules, [Sprout(0.0, 0.0, 0.0, 4.0, "vein", straight(0.0))])):
        assert vessel.radii.min() > 0.95 * rules.smallest_radius
        assert (np.diff(vessel.radii) < 0).all()


def test_a_thin_vessel_ends_before_one_of_its_own_kind_but_crosses_the_other() -> None:
    wall = Sprout(100.0, -90.0, math.pi / 2, 3.0, "vein", straight(math.pi / 2))
    rules = GrowthRules(PLANE, wander=0.0, branch_every=1e9, taper=0.0)
    for kind, crosses in (("vein", False), ("artery", True)):
        runner = Sprout(60.0, 0.0, 0.0, 1.25, kind, straight(0.0, 0.5))
        grown = real(grow(rules, [wall, runner]))
        reached = max(float(v.points[:, 0].max()) for v in grown if v.radii[0] == 1.25)
        assert (reached > 104.0) is crosses


def test_a_guide_that_says_none_ends_its_vessel() -> None:
    rules = GrowthRules(PLANE, wander=0.0, branch_every=1e9)
    short = Sprout(0.0, 0.0, 0.0, 4.0, "vein", lambda x, _y, _heading: (0.0, 0.1) if x < 50.0 else None)
    assert real(grow(rules, [short]))[0].points[-1, 0] == pytest.approx(50.0, abs=rules.step)


def test_gaps_are_fed_from_the_nearest_vessel_and_fed_places_are_left_alone() -> None:
    rules = GrowthRules(PLANE, wander=0.0, branch_every=1e9)
    grower = grow(rules, [Sprout(0.0, 0.0, 0.0, 4.0, "vein", straight(0.0))])
    fill_gaps(grower, np.array([[200.0, 5.0]]), (20.0, 80.0), 1.2)
    assert len(real(grower)) == 1
    fill_gaps(grower, np.array([[200.0, 60.0]]), (20.0, 80.0), 1.2)
    branch = real(grower)[1]
    assert branch.points[0, 0] == pytest.approx(200.0, abs=2.0)
    assert branch.points[-1, 1] > 40.0
    assert branch.kind == "vein"


def test_the_same_seed_grows_the_same_tree() -> None:
    sprouts = [Sprout(0.0, 0.0, 0.0, 4.0, "vein", straight(0.0))]
    first, again = real(grow(GrowthRules(PLANE), sprouts, 7)), real(grow(GrowthRules(PLANE), sprouts, 7))
    assert len(first) == len(again) > 3
    assert all(np.array_equal(a.points, b.points) for a, b in zip(first, again, strict=True))
