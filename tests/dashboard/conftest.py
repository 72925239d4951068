from api.programs import calm  # noqa: F401 - a fixture
from pages import *  # noqa: F403 - the fixtures that tests of pages share
