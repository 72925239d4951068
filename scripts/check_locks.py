"""Checks the locks: every requirement has its hashes, none names a registry, and both Python locks agree."""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def requirements(name: str) -> tuple[dict[str, str], list[str]]:
    """The pinned versions of one Python lock, and what is wrong with it."""
    pins: dict[str, str] = {}
    problems: list[str] = []
    text = (ROOT / name).read_text()
    if "://" in text:
        problems.append(f"{name} holds an address: {re.findall(r'.*://.*', text)[0].strip()}")
    for entry in re.split(r"\n(?=[A-Za-z0-9])", text.replace("\\\n", " ")):
        line = entry.split("#", 1)[0].strip()
        if not line:
            continue
        pinned = re.match(r"([A-Za-z0-9._-]+)==(\S+)", line)
        if pinned is None:
            problems.append(f"{name}: {line[:80]!r} is not pinned with ==")
        elif "--hash=sha256:" not in line:
            problems.append(f"{name}: {pinned[0]} has no hash")
        else:
            pins[pinned[1].lower()] = pinned[2]
    return pins, problems


def package_lock(name: str) -> list[str]:
    packages = json.loads((ROOT / name).read_text())["packages"]
    return [
        f"{name}: {path} names where it was resolved; remove it with omit-lockfile-registry-resolved=true in .npmrc"
        for path, package in packages.items()
        if "resolved" in package and not package.get("link")
    ] + [
        f"{name}: {path} has no integrity"
        for path, package in packages.items()
        if path and not package.get("integrity")
    ]


def main() -> int:
    shipped, problems = requirements("requirements.lock")
    tested, more = requirements("requirements-dev.lock")
    problems += more
    problems += [
        f"{name} is {version} in requirements.lock and {tested.get(name, 'absent')} in requirements-dev.lock"
        for name, version in shipped.items()
        if tested.get(name) != version
    ]
    for folder in ("browser", "tests/browser/tag/apps/next"):
        problems += package_lock(f"{folder}/package-lock.json")
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        print("Run `make lock` (Python) or `npm install` in browser/ and look at the difference.", file=sys.stderr)
        return 1
    print(
        f"{len(shipped)} packages to run on, {len(tested)} with checks and tests: hashed, agreeing, no registry named"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
