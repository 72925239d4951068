"""Writes requirements.lock (what Pitcairn runs on) and requirements-dev.lock (that, and what its checks and tests use).

    python scripts/lock.py [--upgrade]

Both hold every file's hash and no address of an index, so that they install from whichever index pip is set up with.
The development lock is resolved first and holds the other to its versions: tests run on exactly what is shipped.
"""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OPTIONS = (
    "--quiet",
    "--generate-hashes",
    "--allow-unsafe",  # setuptools is what builds the package itself, without build isolation
    "--strip-extras",
    "--annotation-style=line",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--no-emit-trusted-host",
    "--no-emit-options",
    f"--cache-dir={ROOT / '.cache' / 'pip-tools'}",
)


def compile_lock(target: str, requirements: list[str], *arguments: str) -> None:
    print(f"Resolving {target} …", flush=True)
    wanted = ROOT / ".make" / "wanted.in"
    wanted.parent.mkdir(exist_ok=True)
    wanted.write_text("".join(f"{requirement}\n" for requirement in requirements))
    command = [str(Path(sys.executable).with_name("pip-compile")), *OPTIONS, *arguments, "-o", target, str(wanted)]
    # Hashes must be those of the public files: find-links and extra indexes of this machine's pip settings stay out.
    environment = {
        name: value for name, value in os.environ.items() if name == "PIP_CERT" or not name.startswith("PIP_")
    }
    environment |= {"PIP_CONFIG_FILE": os.devnull, "CUSTOM_COMPILE_COMMAND": "make lock"}
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    lock = ROOT / target
    lock.write_text(re.sub(r"-r \S*wanted\.in", "pyproject.toml", lock.read_text()))


def main() -> None:
    upgrade = ["--upgrade"] if "--upgrade" in sys.argv[1:] else []
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    shipped = project["build-system"]["requires"] + project["project"]["dependencies"]
    compile_lock("requirements-dev.lock", shipped + project["dependency-groups"]["dev"], *upgrade)
    compile_lock("requirements.lock", shipped, *upgrade, "-c", "requirements-dev.lock")


if __name__ == "__main__":
    main()
