"""What importing the room costs."""

import subprocess
import sys


def test_scipy_is_loaded_with_the_first_number_that_needs_it() -> None:
    """Every process would pay for it at its start: about a second and 40 MB, and twice that for scipy.stats.

    numpy is there anyway, because the event store's client brings it along.
    """
    code = """
import sys, pitcairn.stats as stats
print(sorted({"scipy", "pandas", "django"} & set(sys.modules)))
stats.compare(stats.Arm(100, 5), stats.Arm(100, 9))
print("scipy" in sys.modules)
stats.odds(stats.Arm(100, 5), stats.Arm(100, 9))
print("scipy.special" in sys.modules, "scipy.stats" in sys.modules)
"""
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert loaded.stdout.splitlines() == ["[]", "False", "True False"]
