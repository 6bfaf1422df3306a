"""What users get: the wheel, built from the sdist, holds all that the program looks for at run time."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from configparser import ConfigParser
from email.parser import BytesParser
from hashlib import sha256

import pytest

import forensics
from forensics.analysis.own_code import code_hash
from tests.support.places import CHECKOUT, INCIDENT

CLUTTER = {"__pycache__", ".DS_Store"}


def files_under(folder):
    """Map the relative name of every file below a folder to its bytes."""
    found = (p for p in folder.rglob("*") if p.is_file() and not CLUTTER & set(p.parts))
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in found}


def built_of(checkout, dist):
    """Build both, without a network; the folder that holds them."""
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", dist, checkout]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return dist


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return built_of(CHECKOUT, tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def wheel(built):
    """Map the name of every file in the wheel to its bytes."""
    (path,) = built.glob("session_forensics-*.whl")
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def sdist(built):
    """Map the name of every file in the sdist, without its top folder, to its bytes."""
    (path,) = built.glob("session_forensics-*.tar.gz")
    with tarfile.open(path) as archive:
        return {m.name.split("/", 1)[1]: archive.extractfile(m).read() for m in archive if m.isfile()}


def inside(archive, prefix):
    return {name.removeprefix(prefix): data for name, data in archive.items() if name.startswith(prefix)}


@pytest.mark.whole
def test_wheel_has_every_template(wheel):
    templates = inside(wheel, "forensics/templates/")
    assert templates == files_under(CHECKOUT / "templates")
    assert any("/" not in name and name.endswith(".j2") for name in templates)


@pytest.mark.whole
def test_wheel_has_the_demonstration_with_its_hidden_folders(wheel):
    demo = inside(wheel, "forensics/demo/")
    assert demo == files_under(INCIDENT)
    assert {name.split("/")[0] for name in demo} >= {".claude", ".cache", ".voicemode"}


@pytest.mark.whole
def test_wheel_has_the_whole_package_and_nothing_beside_it(wheel):
    package = {f"forensics/{name}" for name in files_under(CHECKOUT / "forensics")}
    assert "forensics/py.typed" in package
    assert package <= set(wheel)
    assert {name.split("/")[0] for name in wheel} == {
        "forensics",
        f"session_forensics-{forensics.__version__}.dist-info",
    }


@pytest.mark.whole
def test_wheel_names_the_command_and_the_version(wheel):
    (points,) = (data for name, data in wheel.items() if name.endswith(".dist-info/entry_points.txt"))
    scripts = ConfigParser()
    scripts.read_string(points.decode())
    assert dict(scripts["console_scripts"]) == {"forensics": "forensics.cli.app:app"}
    (raw,) = (data for name, data in wheel.items() if name.endswith(".dist-info/METADATA"))
    metadata = BytesParser().parsebytes(raw)
    assert metadata["Name"] == "session-forensics"
    assert metadata["Version"] == forensics.__version__


@pytest.mark.whole
def test_two_builds_of_a_checkout_are_the_same_bytes(built, tmp_path):
    """Of a copy elsewhere, whose files are younger and have other modes."""
    copy = tmp_path / "elsewhere"
    (packed,) = built.glob("session_forensics-*.tar.gz")
    with tarfile.open(packed) as archive:
        archive.extractall(copy, filter="data")
    (checkout,) = copy.iterdir()
    for path in checkout.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600 | path.stat().st_mode & 0o100)
        os.utime(path, (2_000_000_000, 2_000_000_000))
    again = built_of(checkout, tmp_path / "again")
    hashes = [
        {p.name: sha256(p.read_bytes()).hexdigest() for p in d.glob("session_*")} for d in (built, again)
    ]
    assert len(hashes[0]) == 2
    assert hashes[0] == hashes[1]


@pytest.mark.whole
def test_sdist_has_what_building_and_testing_need(sdist):
    for folder in ("forensics", "templates", "fixtures", "tests"):
        assert inside(sdist, f"{folder}/") == files_under(CHECKOUT / folder)
    assert {
        "pyproject.toml",
        "Makefile",
        "README.md",
        "CHANGELOG.md",
        "SECURITY.md",
        "LICENSE",
        ".ci/run",
    } <= set(sdist)


def test_dependencies_have_lower_bounds_only():
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["dependencies"]
    for dependency in project["dependencies"]:
        requirement = dependency.partition(";")[0]
        assert ">=" in requirement
        assert "<" not in requirement
        assert "==" not in requirement


@pytest.mark.whole
def test_the_program_in_the_wheel_is_the_one_of_the_checkout(wheel, tmp_path):
    for name, data in wheel.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    package = tmp_path / "forensics"
    assert code_hash(package) == code_hash()
    changed = package / "templates" / "report.md.j2"
    changed.write_bytes(changed.read_bytes().replace(b"\n", b"\r\n"))
    code_hash.cache_clear()
    assert code_hash(package) == code_hash(), "line ends are a matter of the system"
    changed.write_bytes(changed.read_bytes() + b" ")
    code_hash.cache_clear()
    assert code_hash(package) != code_hash()
