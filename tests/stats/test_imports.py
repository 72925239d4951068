"""What importing the room costs."""

import subprocess
import sys


def test_no_numeric_library_is_loaded() -> None:
    """Every process that shows a result would pay for it: scipy.stats alone takes most of a second and 40 MB."""
    code = "import sys, pitcairn.stats; print(sorted({'scipy', 'numpy', 'pandas', 'django'} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert loaded.stdout.strip() == "[]"
