import pytest

from tests.alerts.watch import Watch


@pytest.fixture
def watch() -> Watch:
    return Watch()
