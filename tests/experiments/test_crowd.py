"""A crowd through HTTP on the running system: the split is as set, and the counts agree to the visitor with what was sent."""

import subprocess
import sys

import pytest
from benchmarks import crowd

from pitcairn.stats import Arm, Counts, Estimate, SplitCheck, check_split, compare
from server import WORKSPACE, WRITE_KEYS, NewServer, Server

PEOPLE = 300
CONTROL = 0.4
RATES = (0.2, 0.45)


@pytest.fixture
def server(new_server: NewServer) -> Server:
    started = new_server()
    command = [sys.executable, "-m", "benchmarks.crowd_seed", WORKSPACE, str(CONTROL)]
    subprocess.run(command, env=started.environment, check=True, timeout=120)
    return started


@pytest.mark.slow
def test_an_experiment_with_a_difference(server: Server) -> None:
    asked = {"writeKey": WRITE_KEYS["website"], "anonymousId": "looks-in-first", "url": crowd.SITE}
    with crowd.poster(server.url) as post:
        server.wait_until(lambda: post("/v1/decide", asked, crowd.FIREFOX)["decisions"], "the experience")
        log = crowd.send(post, people=PEOPLE, write_key=WRITE_KEYS["website"], rates=RATES, seed="crowd")
    server.settle()

    found = server.control("results", {"experience": "Crowd", "workspace": WORKSPACE})
    counted = crowd.count(log)
    control, personalized = crowd.sides(counted)
    assert crowd.arms_of(found) == (control, personalized)
    assert (found["leftOut"]["bots"], found["mergedVisitors"]) == (counted.bots, counted.merged)
    assert found["seenInSeveralVariations"] == counted.crossed
    # All of it happened: otherwise this says nothing.
    assert min(counted.bots, counted.merged, counted.crossed, len(log.logins)) > 0

    split = check_split([Counts((CONTROL, 1 - CONTROL), (control[0], personalized[0]))])
    assert isinstance(split, SplitCheck)
    assert isinstance(split.p_value, float)
    assert split.p_value > 0.0001
    lift = compare(Arm(*control), Arm(*personalized), alpha=0.0001).lift
    assert isinstance(lift, Estimate)
    assert lift.low <= RATES[1] / RATES[0] - 1 <= lift.high
    assert found["goals"][0]["verdict"] == "better"
