import signal

import pytest

import samples
from processes import World


@pytest.fixture(scope="session")
def everything(tmp_path_factory):
    # Whoever ends the suite ends what it has started too.
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("ended from outside"))
    world = World(tmp_path_factory.mktemp("hooks"), samples.script())
    try:
        yield world
    finally:
        world.stop()


@pytest.fixture
def world(everything):
    # A test that failed may have left a server dead.
    everything.start()
    return everything
