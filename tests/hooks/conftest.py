import pytest

import samples
from processes import World


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("hooks"), samples.script())
    try:
        world.start()
        yield world
    finally:
        world.stop()
