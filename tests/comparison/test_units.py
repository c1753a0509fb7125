"""Units of work: every seed in one of them, grouped by their number alone; every unit handed out once."""

from dataclasses import replace

import pytest

from holdfast.comparison.executors.units import WIDEST, Schedule, divide
from holdfast.comparison.grid.grid import Grid
from tests.comparison.laws import GRID, hands_out_each_unit_once
from tests.offenders.compare import LosingSchedule, RepeatingSchedule


@pytest.mark.parametrize("seeds", [1, 5, 16, 17, 20, 33, 256])
def test_every_seed_is_in_one_unit_of_nearly_equal_size(seeds):
    grid = Grid(replace(GRID.base, seeds=seeds), {})
    units = divide(grid.configurations())
    assert [n for unit in units for n in unit.numbers] == list(range(seeds))
    sizes = {len(unit.numbers) for unit in units}
    assert max(sizes) <= WIDEST
    assert max(sizes) - min(sizes) <= 1


def test_a_schedule_hands_out_each_unit_once():
    hands_out_each_unit_once(Schedule)


@pytest.mark.parametrize("offender", [RepeatingSchedule, LosingSchedule])
def test_a_schedule_that_does_not_is_found(offender):
    with pytest.raises(AssertionError):
        hands_out_each_unit_once(offender)


def test_the_dearest_comes_first_and_a_worker_stays_with_its_programs():
    schedule = Schedule(divide(GRID.configurations()))
    first = schedule.take()
    assert (first.configuration.place["cell"], first.configuration.place["lag_steps"]) == ("lstm", 5)
    beside = schedule.take((), [first.program])
    assert beside.program != first.program
    again = schedule.take(first.program, [beside.program])
    assert again.program == first.program
    assert again.configuration.place["learning_rate"] != first.configuration.place["learning_rate"]
