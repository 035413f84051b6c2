"""The locks: uv.lock, the requirements files for pip, and pyproject.toml say the same."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
RUNTIME_LIMIT = 36  # decision 199

# Where the locks must pick alike. A marker that none of these tells apart is not compared.
PLATFORMS = [
    {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"},
    {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
    {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"},
]
INTERPRETERS = [
    {"implementation_name": "cpython", "platform_python_implementation": "CPython"},
    {"implementation_name": "pypy", "platform_python_implementation": "PyPy"},
]
ENVIRONMENTS = [
    {**platform, **interpreter, "python_version": version, "python_full_version": f"{version}.0"}
    for platform in PLATFORMS
    for interpreter in INTERPRETERS
    for version in ("3.11", "3.12", "3.13", "3.14", "3.15")
]


@dataclass(frozen=True, kw_only=True)
class Pin:
    """One distribution as a requirements file pins it."""

    version: str
    marker: Marker | None
    hashes: frozenset[str]


def read_requirements(text: str) -> dict[str, Pin]:
    """The pins of a requirements file; anything in it but pins, hashes and comments is an error."""
    pins: dict[str, Pin] = {}
    for line in re.sub(r"\\\n", " ", text).splitlines():
        line = line.partition("#")[0].strip()
        if not line:
            continue
        head, *hashes = re.split(r"\s+--hash=", line)
        match = re.fullmatch(r"([A-Za-z0-9._-]+)==([^\s;]+)(?:\s*;\s*(.+))?", head.strip())
        assert match, f"not a pin: {head}"
        name, version, marker = match.groups()
        assert name not in pins, f"{name} is pinned twice"
        pins[name] = Pin(
            version=version,
            marker=Marker(marker) if marker else None,
            hashes=frozenset(digest.strip() for digest in hashes),
        )
    return pins


class Lock:
    """uv.lock, and what it picks for an environment."""

    def __init__(self, text: str) -> None:
        data = tomllib.loads(text)
        self.requires_python = SpecifierSet(data["requires-python"])
        self.packages: dict[str, dict[str, Any]] = {}
        for package in data["package"]:
            assert package["name"] not in self.packages, f"two versions of {package['name']}"
            self.packages[package["name"]] = package
        self.project = self.packages.pop("petition")

    def hashes(self, name: str) -> frozenset[str]:
        package = self.packages[name]
        files = [*package.get("wheels", []), *filter(None, [package.get("sdist")])]
        return frozenset(file["hash"] for file in files)

    def runtime(self) -> list[dict[str, Any]]:
        return list(self.project["dependencies"])

    def with_extra(self, name: str) -> list[dict[str, Any]]:
        return self.runtime() + list(self.project["optional-dependencies"][name])

    def everything(self) -> list[dict[str, Any]]:
        groups = self.project["dev-dependencies"].values()
        return self.runtime() + [dependency for group in groups for dependency in group]

    def picks(self, wanted: list[dict[str, Any]], environment: dict[str, str]) -> dict[str, str]:
        """Name and version of all that `wanted` brings in there."""
        picked: dict[str, str] = {}
        seen: set[tuple[str, str]] = set()
        queue = [*wanted]
        while queue:
            dependency = queue.pop()
            marker = dependency.get("marker")
            if marker and not Marker(marker).evaluate(environment):
                continue
            package = self.packages[dependency["name"]]
            picked[package["name"]] = package["version"]
            for extra in ("", *dependency.get("extra", [])):
                if (package["name"], extra) not in seen:
                    seen.add((package["name"], extra))
                    queue += self._brings(package, extra)
        return picked

    def _brings(self, package: dict[str, Any], extra: str) -> list[dict[str, Any]]:
        if extra:
            return list(package["optional-dependencies"][extra])
        return list(package.get("dependencies", []))


def declared(requirements: list[str]) -> set[tuple[str, frozenset[str], str]]:
    """What pyproject.toml asks for: name, extras, versions."""
    parsed = [Requirement(text) for text in requirements]
    return {
        (canonicalize_name(each.name), frozenset(each.extras), str(each.specifier))
        for each in parsed
    }


def recorded(entries: list[dict[str, Any]]) -> set[tuple[str, frozenset[str], str]]:
    """What uv.lock remembers of pyproject.toml, in the same shape."""
    return {
        (
            each["name"],
            frozenset(each.get("extras", [])),
            str(SpecifierSet(each.get("specifier", ""))),
        )
        for each in entries
    }


def of_extra(extra: str | None, metadata: dict[str, Any]) -> list[dict[str, Any]]:
    """What uv.lock remembers of an extra; None: of what is always wanted."""
    wanted = None if extra is None else f"extra == '{extra}'"
    return [each for each in metadata["requires-dist"] if each.get("marker") == wanted]


def names(entries: list[dict[str, Any]]) -> list[str]:
    return sorted(each["name"] for each in entries)


@pytest.fixture(scope="module")
def lock() -> Lock:
    return Lock((ROOT / "uv.lock").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def pins(name: str) -> dict[str, Pin]:
    return read_requirements((ROOT / name).read_text(encoding="utf-8"))


def test_the_lock_was_made_from_this_project(lock: Lock, project: dict[str, Any]) -> None:
    metadata = lock.project["metadata"]
    assert lock.project["version"] == project["project"]["version"]
    assert lock.requires_python == SpecifierSet(project["project"]["requires-python"])
    assert metadata["provides-extras"] == [*project["project"]["optional-dependencies"]]
    for name, wanted in (
        (None, project["project"]["dependencies"]),
        *project["project"]["optional-dependencies"].items(),
    ):
        assert recorded(of_extra(name, metadata)) == declared(wanted), name
    groups = project["dependency-groups"]
    assert groups.keys() == metadata["requires-dev"].keys()
    for name, requirements in groups.items():
        assert recorded(metadata["requires-dev"][name]) == declared(requirements), name


def test_the_lock_resolves_all_that_it_was_asked_for(lock: Lock) -> None:
    metadata = lock.project["metadata"]
    assert names(lock.runtime()) == names(of_extra(None, metadata))
    for extra, entries in lock.project["optional-dependencies"].items():
        assert names(entries) == names(of_extra(extra, metadata))
    for group, entries in metadata["requires-dev"].items():
        assert names(lock.project["dev-dependencies"][group]) == names(entries)


def differences(lock: Lock, wanted: list[dict[str, Any]], file: dict[str, Pin]) -> Iterator[str]:
    """Each point where a requirements file and the lock part ways, once."""
    for environment in ENVIRONMENTS:
        picked = lock.picks(wanted, environment)
        pinned = {
            name: pin.version
            for name, pin in file.items()
            if pin.marker is None or pin.marker.evaluate(environment)
        }
        where = f"{environment['sys_platform']}, {environment['implementation_name']}"
        for name, version in sorted(picked.items() ^ pinned.items()):
            yield f"{name} {version} ({where} {environment['python_version']})"
    for name, pin in file.items():
        if name in lock.packages and pin.hashes != lock.hashes(name):
            yield f"{name}: other hashes"


def test_runtime_requirements_agree_with_the_lock(lock: Lock) -> None:
    assert list(differences(lock, lock.runtime(), pins("requirements.txt"))) == []


@pytest.mark.parametrize("extra", ["mail", "passkeys"])
def test_requirements_with_an_extra_agree_with_the_lock(lock: Lock, extra: str) -> None:
    assert list(differences(lock, lock.with_extra(extra), pins(f"requirements-{extra}.txt"))) == []


def test_development_requirements_agree_with_the_lock(lock: Lock) -> None:
    assert list(differences(lock, lock.everything(), pins("requirements-dev.txt"))) == []


def test_nothing_in_the_lock_is_left_over(lock: Lock) -> None:
    assert lock.packages.keys() == pins("requirements-dev.txt").keys()


@pytest.mark.parametrize("name", ["", "-build", "-mail", "-passkeys", "-dev"])
def test_every_pin_is_hashed(name: str) -> None:
    for distribution, pin in pins(f"requirements{name}.txt").items():
        assert pin.hashes, distribution
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in pin.hashes), distribution


def test_every_locked_package_comes_as_a_wheel(lock: Lock) -> None:
    """./run installs wheels only: building one would fetch build tools that no lock names.

    dkimpy is the one exception: it comes as source alone, and only for whoever signs emails. What
    builds it, without fetching anything, is locked and installed before it (decision 625).
    """
    sources = [name for name, package in lock.packages.items() if not package.get("wheels")]
    assert sources == ["dkimpy"]
    assert "dkimpy" not in pins("requirements.txt")
    assert lock.packages["dkimpy"]["sdist"]["hash"] in lock.hashes("dkimpy")


def test_what_builds_from_source_is_locked_and_comes_as_a_wheel(lock: Lock) -> None:
    build = lock.project["dev-dependencies"]["build"]
    assert list(differences(lock, build, pins("requirements-build.txt"))) == []
    assert [each["name"] for each in build] == ["setuptools"]


def test_the_runtime_stays_small() -> None:
    assert len(pins("requirements.txt")) <= RUNTIME_LIMIT
