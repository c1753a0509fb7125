"""What the tests of searches share: a training that a rule stands in for."""

import pytest

from holdfast.tuning import find
from tests.tuning.trainer import Trainer


@pytest.fixture
def trained(monkeypatch):
    def install(rule, **options):
        trainer = Trainer(rule, **options)
        monkeypatch.setattr(find, "train_networks", trainer)
        return trainer

    return install
