"""The virtual environment a package carries: wheels of the hash-pinned lock for the target, laid out so that it runs where it will lie.

Nothing is compiled: a dependency without a wheel for the target ends the build. Wheels are chosen for the target by pip itself
(platform tags of Debian 12's C library and older), so that amd64 and arm64, Python 3.11 and 3.13 are built the same way on any machine.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement

from house.deb.parts import BuildError, Part

MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
"""Debian's name of an architecture → the kernel's, as wheels have it."""

GLIBC = 36  # Debian 12 has glibc 2.36; wheels that want a newer one would not start there
PROFILES = Path("/usr/share/liuhen/firmware_profiles")  # liuhen_agent.recorders.profile.INSTALLED
LEFT_OUT = ("pip", "setuptools")
"""In a lock because a library can call them; a package installs nothing from anywhere."""


@dataclass(frozen=True, slots=True)
class Target:
    """`arch` in Debian's words; `python` as "3.11"."""

    arch: str
    python: str

    def platforms(self) -> Iterator[str]:
        machine = MACHINES[self.arch]
        yield from (f"manylinux_2_{minor}_{machine}" for minor in range(GLIBC, 4, -1))
        yield from (f"manylinux{year}_{machine}" for year in (2014, 2010, 1))

    def markers(self) -> dict[str, str]:
        """What a requirement's condition sees on the target: not this machine's Python."""
        return {
            "implementation_name": "cpython",
            "os_name": "posix",
            "platform_machine": MACHINES[self.arch],
            "platform_python_implementation": "CPython",
            "platform_system": "Linux",
            "python_full_version": f"{self.python}.0",
            "python_version": self.python,
            "sys_platform": "linux",
        }


def wanted(lock: str, target: Target) -> str:
    """The requirements of a lock file that count on the target, with their hashes and without conditions."""
    kept: list[str] = []
    for block in lock.replace("\\\n", " ").splitlines():
        text, *hashes = block.split("--hash=")
        if not text.strip() or text.lstrip().startswith("#"):
            continue
        requirement = Requirement(text.strip())
        if requirement.marker is not None and not requirement.marker.evaluate(target.markers()):
            continue
        if requirement.name in LEFT_OUT:
            continue
        if not hashes:
            raise BuildError(f"{requirement.name} has no hash in the lock: run scripts/lock")
        pins = " ".join(f"--hash={each.strip()}" for each in hashes)
        kept.append(f"{requirement.name}{requirement.specifier} {pins}\n")
    return "".join(kept)


def own_wheels(repository: Path, distributions: tuple[str, ...], out: Path, environ: Mapping[str, str]) -> list[Path]:
    """Wheels of the workspace's own distributions, from the checkout."""
    folders = [str(repository / name) for name in distributions]
    _pip("wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(out), *folders, environ=environ)
    return sorted(out.glob("*.whl"))


def lay_out(
    root: Path, part: Part, target: Target, repository: Path, scratch: Path, environ: Mapping[str, str]
) -> None:
    """Everything below `part.home` in the package's tree `root`."""
    home = root / part.home.relative_to("/")
    site = home / "lib" / f"python{target.python}" / "site-packages"
    site.mkdir(parents=True)
    pins = scratch / "requirements.txt"
    pins.write_text(wanted((repository / part.distribution / "requirements.lock").read_text(), target))
    options = ["--quiet", "--no-compile", "--no-deps", "--only-binary", ":all:", "--target", str(site)]
    options += ["--implementation", "cp", "--python-version", target.python]
    options += [word for platform in target.platforms() for word in ("--platform", platform)]
    _pip("install", *options, "--require-hashes", "--requirement", str(pins), environ=environ)
    ours = own_wheels(repository, ("protocol", part.distribution), scratch / "wheels", environ)
    # by name, not by path: pip would write down where the file was
    names = [f"{wheel.name.split('-')[0]}=={wheel.name.split('-')[1]}" for wheel in ours]
    found = ["--no-index", "--find-links", str(scratch / "wheels")]
    _pip("install", *options, *found, *names, environ={**environ, "PIP_FIND_LINKS": ""})
    shutil.rmtree(site / "bin", ignore_errors=True)
    if part.profiles:  # one copy, where an administrator looks for them
        profiles = root / PROFILES.relative_to("/")
        profiles.parent.mkdir(parents=True)
        shutil.move(site / f"liuhen_{part.distribution}" / "firmware_profiles", profiles)
    _interpreter(home, part, target)
    for name, function in {**part.commands, **part.shared_commands}.items():
        _command(home / "bin" / name, part, function)


def _interpreter(home: Path, part: Part, target: Target) -> None:
    """bin/python and pyvenv.cfg: the target's own Python, of exactly this minor version."""
    (home / "bin").mkdir()
    (home / "bin" / f"python{target.python}").symlink_to(f"/usr/bin/python{target.python}")
    (home / "bin" / "python3").symlink_to(f"python{target.python}")
    (home / "bin" / "python").symlink_to("python3")
    lines = ("home = /usr/bin", "include-system-site-packages = false", f"version = {target.python}")
    (home / "pyvenv.cfg").write_text("".join(f"{line}\n" for line in lines))


def _command(path: Path, part: Part, function: str) -> None:
    """A command of the environment. -I: what lies about in the caller's folder and environment is not imported."""
    module, _, name = function.partition(":")
    path.write_text(f"#!{part.home}/bin/python -I\nimport sys\n\nfrom {module} import {name}\n\nsys.exit({name}())\n")
    path.chmod(0o755)


def byte_compile(root: Path, home: Path, target: Target, environ: Mapping[str, str]) -> bool:
    """Byte code that names files where they will lie and needs no times. False where this machine has no Python of the
    target's minor version: the package compiles at installation then."""
    interpreter = next(_interpreters(target), None)
    if interpreter is None:
        return False
    command = [interpreter, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
    command += ["-s", str(root), "-p", "/", str(root / home.relative_to("/") / "lib")]
    _run(command, environ={**environ, "PYTHONHASHSEED": "0"})
    return True


def _interpreters(target: Target) -> Iterator[str]:
    """Programs of this machine that are the target's Python; Debian's own first, as on the target."""
    name = f"python{target.python}"
    asked = "import sys; print('%d.%d' % sys.version_info[:2])"
    for program in filter(None, (f"/usr/bin/{name}", sys.executable, shutil.which(name))):
        try:
            done = subprocess.run([program, "-I", "-c", asked], capture_output=True, text=True)
        except OSError:
            continue
        if done.stdout.strip() == target.python:
            yield program


def _pip(*arguments: str, environ: Mapping[str, str]) -> None:
    _run([sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments], environ=environ)


def _run(command: list[str], environ: Mapping[str, str]) -> None:
    done = subprocess.run(command, env={**os.environ, **environ}, capture_output=True, text=True)
    if done.returncode:
        said = "\n".join(line for line in (done.stdout + done.stderr).splitlines() if "is ignored" not in line)
        raise BuildError(f"{' '.join(command[:6])} … left with {done.returncode}:\n{said[-3000:]}")
