from connections.delivery.conftest import *  # noqa: F403 - `world`: the pipeline and the engine on real stores
