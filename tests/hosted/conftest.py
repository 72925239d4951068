from pages import *  # noqa: F403 - the fixtures that tests of pages share
