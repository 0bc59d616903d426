"""One .deb: the tree that will lie on the target, its control files, and dpkg-deb on both. The same checkout gives the same bytes."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from house.deb.environment import Target, byte_compile, lay_out
from house.deb.parts import BuildError, Part, of_unit, place_of

REPOSITORY = Path(__file__).resolve().parents[3]
MAINTAINER_SCRIPTS = Path(__file__).parent / "maintainer"
COMPRESSION = ("-Zzstd", "-z9", "--threads-max=1")  # one thread: the bytes do not depend on how many cores built them
DOCUMENTS = ("operations.md", "operations.zh-CN.md", "threat-model.md")


@dataclass(frozen=True, slots=True)
class Release:
    """`version` without the Python; `epoch` in Unix seconds: every file's time."""

    version: str
    epoch: int


def release(repository: Path = REPOSITORY) -> Release:
    """Version of protocol/pyproject.toml, number of commits, and whether files differ from the last one. Raises BuildError outside git."""
    found = re.search(r'^version = "([^"]+)"', (repository / "protocol/pyproject.toml").read_text(), re.MULTILINE)
    assert found is not None
    count, epoch = _git(repository, "rev-list", "--count", "HEAD"), _git(repository, "log", "-1", "--format=%ct")
    changed = ".changed" if _git(repository, "status", "--porcelain") else ""
    return Release(f"{found[1]}+r{count}{changed}", int(epoch))


def build(part: Part, target: Target, out: Path, made: Release, repository: Path = REPOSITORY) -> Path:
    """Writes `<package>_<version>_<arch>.deb` into `out` and gives its path. Raises BuildError."""
    version = f"{made.version}.py{target.python}"
    with tempfile.TemporaryDirectory(prefix="build-deb-") as folder:
        scratch = Path(folder)
        root = scratch / "root"
        root.mkdir()
        environ = {"SOURCE_DATE_EPOCH": str(made.epoch), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        lay_out(root, part, target, repository, scratch, environ)
        compiled = byte_compile(root, part.home, target, environ)
        placed = _system_files(root, part, repository)
        _links(root, part)
        _documents(root, part, repository)
        _control(root, part, target, version, placed, compiled)
        _settle(root, made.epoch)
        out.mkdir(parents=True, exist_ok=True)
        package = out / f"{part.package}_{version}_{target.arch}.deb"
        unfinished = scratch / package.name
        command = ["dpkg-deb", *COMPRESSION, "--root-owner-group", "--build", str(root), str(unfinished)]
        done = subprocess.run(command, env={**os.environ, **environ}, capture_output=True, text=True)
        if done.returncode:
            raise BuildError(f"dpkg-deb left with {done.returncode}:\n{done.stderr}")
        shutil.move(unfinished, package)
    return package


def _system_files(root: Path, part: Part, repository: Path) -> list[Path]:
    """Units, rules, sysusers and tmpfiles of this part, into their places; gives where they lie on the target."""
    placed = []
    folder = repository / "systemd"
    for source in sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".md"):
        if of_unit(source.name) is part:
            place = place_of(source.relative_to(folder))
            copy = root / place.relative_to("/")
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)
            placed.append(place)
    return placed


def _links(root: Path, part: Part) -> None:
    commands = root / "usr/bin"
    commands.mkdir(parents=True, exist_ok=True)
    for name in part.commands:
        (commands / name).symlink_to(part.home / "bin" / name)


def _documents(root: Path, part: Part, repository: Path) -> None:
    folder = root / "usr/share/doc" / part.package
    folder.mkdir(parents=True)
    for name in DOCUMENTS:
        shutil.copyfile(repository / "docs" / name, folder / name)


def _control(root: Path, part: Part, target: Target, version: str, placed: list[Path], compiled: bool) -> None:
    """DEBIAN/: control, md5sums and the maintainer scripts."""
    folder = root / "DEBIAN"
    files = sorted(path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    folder.mkdir()
    sums = (f"{hashlib.md5(path.read_bytes()).hexdigest()}  {path.relative_to(root)}\n" for path in files)
    (folder / "md5sums").write_text("".join(sums))
    size = sum(path.stat().st_size for path in files) // 1024
    (folder / "control").write_text(control(part, target, version, size))
    units = {place: (root / place.relative_to("/")).read_text() for place in placed}
    for source in sorted(MAINTAINER_SCRIPTS.glob("*.sh")):
        script = folder / source.stem
        script.write_text(filled(source.read_text(), part, units, compiled))
        script.chmod(0o755)


EVERY = ("libc6 (>= 2.36)", "tzdata", "systemd (>= 252)", "init-system-helpers (>= 1.54)")


def needed(parts: Iterable[Part]) -> list[str]:
    """Names of the Debian packages that these want, so that a machine without network can have them beforehand."""
    names = {text.split()[0] for part in parts for text in (*EVERY, *part.depends, *part.recommends)}
    return sorted({"python3", *names})


def control(part: Part, target: Target, version: str, kilobytes: int) -> str:
    """DEBIAN/control. The environment holds wheels of one Python minor version: no other may be the target's."""
    major, minor = target.python.split(".")
    depends = [f"python3 (>= {target.python})", f"python3 (<< {major}.{int(minor) + 1})", *EVERY, *part.depends]
    lines = {
        "Package": part.package,
        "Version": version,
        "Architecture": target.arch,
        "Maintainer": "Liuhen",
        "Installed-Size": str(kilobytes),
        "Depends": ", ".join(depends),
        "Recommends": ", ".join(part.recommends),
        "Section": "admin",
        "Priority": "optional",
        "Description": f"{part.title_zh} / Liuhen: {part.title}",
    }
    return "".join(f"{name}: {value}\n" for name, value in lines.items())


def filled(template: str, part: Part, units: dict[Path, str], compiled: bool) -> str:
    """A maintainer script: each placeholder that stands alone on a line becomes this package's commands, or goes."""
    names = [place.name for place in units if place.parent.name == "system"]
    enabled = sorted(place.name for place, text in units.items() if "\n[Install]" in text and "@." not in place.name)
    words = {
        "PACKAGE": part.package,
        "DATA": str(part.data),
        "ENABLED": " ".join(enabled),
        "STOPPED": " ".join(sorted(name for name in names if "@." not in name)),
    }
    find = f"find {part.home} -name __pycache__ -type d -prune -exec rm -r {{}} +"
    shared = sorted(part.shared_commands)
    lines = {
        "COMPILE": "" if compiled else f"{part.home}/bin/python -m compileall -q {part.home}/lib",
        "NO_COMPILED": "" if compiled else find,
        "SYSUSERS": _each(units, "sysusers.d", "systemd-sysusers"),
        "TMPFILES": _each(units, "tmpfiles.d", "systemd-tmpfiles --create", " || true"),
        "ALTERNATIVES": "\n".join(
            f"update-alternatives --install /usr/bin/{name} {name} {part.home}/bin/{name} 20" for name in shared
        ),
        "NO_ALTERNATIVES": "\n".join(f"update-alternatives --remove {name} {part.home}/bin/{name}" for name in shared),
        "STOP_INSTANCES": "\n".join(
            f"systemctl stop '{name.replace('@.', '@*.')}' || true" for name in sorted(names) if "@." in name
        ),
        "NO_SETTINGS": f"rm -rf {' '.join(part.settings)}" if part.settings else "",
        "UDEV": "udevadm control --reload || true" if any(p.suffix == ".rules" for p in units) else "",
    }
    done = []
    for line in template.splitlines():
        indent, bare = line[: len(line) - len(line.lstrip())], line.strip()
        if bare[:1] == bare[-1:] == "@":
            done += [indent + each for each in lines[bare.strip("@")].splitlines()]
        else:
            done.append(re.sub("@([A-Z]+)@", lambda found: words[found[1]], line))
    return _without_empty("\n".join(done) + "\n")


def _each(units: dict[Path, str], folder: str, command: str, after: str = "") -> str:
    return "\n".join(f"{command} {place.name}{after}" for place in units if place.parent.name == folder)


def _without_empty(script: str) -> str:
    """Drops loops over nothing and blocks with nothing in them, which a shell refuses."""
    script = re.sub(r"(?m)^( *)for \w+ in ; do\n(?:.*\n)*?\1done\n", "", script)
    script = re.sub(r"(?m)^.*deb-systemd-(?:invoke \w+|helper purge)  .*\n", "", script)
    return re.sub(r"(?m)^( *)if .*; then\n\1fi\n", "", script)


def _settle(root: Path, epoch: int) -> None:
    """Modes and times of everything: nothing of the building user's mask or clock is left."""
    for path in sorted(root.rglob("*"), reverse=True):
        if not path.is_symlink():
            path.chmod(
                0o755 if path.is_dir() or (path.parent.name in ("bin", "DEBIAN") and _is_program(path)) else 0o644
            )
        os.utime(path, (epoch, epoch), follow_symlinks=False)
    root.chmod(0o755)
    os.utime(root, (epoch, epoch))


def _is_program(path: Path) -> bool:
    return path.read_bytes()[:2] == b"#!"


def _git(repository: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(repository), *arguments], capture_output=True, text=True)
    if done.returncode:
        raise BuildError(f"packages are built from a git checkout: git {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout.strip()
