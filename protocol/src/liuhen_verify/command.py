"""`liuhen-verify log | clip | disposal | package | site`: exit 0 when it holds, 1 when it is broken or cannot be decided, 2 for wrong use."""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from liuhen_protocol.digest import is_digest
from liuhen_protocol.errors import Malformed
from liuhen_protocol.report import Verdict
from liuhen_verify import show
from liuhen_verify.check_clip import check_clip, open_evidence, unreadable
from liuhen_verify.check_disposal import check_disposal_of
from liuhen_verify.check_log import check_log
from liuhen_verify.check_package import check_package
from liuhen_verify.check_site import check_site
from liuhen_verify.reading import WrongUse, opened, read_bounded, read_heads, read_policy, read_seen
from liuhen_verify.source import source_of

HOLDS, DOES_NOT_HOLD, WRONG_USE = 0, 1, 2
MAX_TOKEN = 4096


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    parsed = _parser().parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a file's name need not be UTF-8
    run: Callable[[argparse.Namespace], Verdict] = parsed.run
    try:
        verdict = run(parsed)
        sys.stdout.flush()
    except (WrongUse, Malformed) as error:
        print(f"liuhen-verify: 无法核验 cannot verify: {show.printable(str(error))}", file=sys.stderr)
        return WRONG_USE
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DOES_NOT_HOLD
    except KeyboardInterrupt:
        print("liuhen-verify: 已中断，未得出结论 interrupted: nothing was decided", file=sys.stderr)
        return DOES_NOT_HOLD
    return HOLDS if verdict is Verdict.HOLDS else DOES_NOT_HOLD


def _log(asked: argparse.Namespace) -> Verdict:
    policy = read_policy(asked.policy)
    token = None if asked.token_file is None else _token(asked.token_file)
    source = source_of(asked.log, token, asked.ca)
    heads = [head for path in asked.dock_head for head in read_heads(path)]
    seen = [read_seen(path, policy) for path in asked.seen]
    progress = _Progress()
    result = check_log(source, policy, jobs=asked.jobs, known_heads=heads, seen=seen, progress=progress)
    progress.end()
    _print(asked, lambda: show.log_json(result), lambda: show.log_text(result))
    return result.report.verdict


def _clip(asked: argparse.Namespace) -> Verdict:
    policy = read_policy(asked.policy)
    with opened(asked.clip):
        pass  # a clip that is not there is wrong use, whatever its proofs say
    try:
        result = check_clip(asked.clip.name, asked.clip, open_evidence(asked.proof), policy)
    except Malformed as error:
        result = unreadable(asked.clip.name, error)
    _print(asked, lambda: show.clip_json(result), lambda: show.clip_text(result))
    return result.report.verdict


def _disposal(asked: argparse.Namespace) -> Verdict:
    result = check_disposal_of(asked.sha256, asked.proof, read_policy(asked.policy))
    _print(asked, lambda: show.disposal_json(result), lambda: show.disposal_text(result))
    return result.verdict


def _package(asked: argparse.Namespace) -> Verdict:
    result = check_package(asked.package, None if asked.policy is None else read_policy(asked.policy))
    _print(asked, lambda: show.package_json(result), lambda: show.package_text(result))
    return result.verdict


def _site(asked: argparse.Namespace) -> Verdict:
    result = check_site(asked.folder, read_policy(asked.policy), asked.latest)
    _print(asked, lambda: show.site_json(result), lambda: show.site_text(result))
    return result.verdict


def _print(asked: argparse.Namespace, as_json: Callable[[], show.Json], as_text: Callable[[], str]) -> None:
    print(json.dumps(as_json(), ensure_ascii=False) if asked.json else as_text())


def _token(path: Path) -> str:
    token = read_bounded(path, MAX_TOKEN).decode("ascii", "replace").strip()
    if not token or not token.isprintable() or " " in token:
        raise WrongUse(f"{path}: not a token")
    return token


class _Progress:
    """How far, on stderr, when a person looks at it."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()
        self._began = self._last = time.monotonic()

    def __call__(self, done: int, of: int) -> None:
        now = time.monotonic()
        if self._shown and now - self._last > 0.2:
            self._last = now
            rate = done / (now - self._began)
            print(f"\r核验 checked {done:,} / {of:,} 条 entries, {rate:,.0f}/s ", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        if self._shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def _jobs(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 1024:
        raise argparse.ArgumentTypeError(f"{text!r}: 应为 1 到 1024 / not a number from 1 to 1024")
    return int(text)


def _sha256(text: str) -> str:
    if not is_digest(text):
        raise argparse.ArgumentTypeError(
            f"{text[:80]!r}: 应为 64 位小写十六进制 / not 64 lower-case hexadecimal digits"
        )
    return text


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="liuhen-verify",
        description="留痕核验：离线核对日志、片段或证据包。 Verifies a log, a clip or an evidence package, offline.",
        epilog="退出码 exit codes: 0 成立 holds · 1 不成立或待定 broken or cannot be decided · 2 用法错误 wrong use",
    )
    commands = parser.add_subparsers(required=True, metavar="log | clip | disposal | package | site")

    log = commands.add_parser("log", help="核验整个日志 / every entry, tile, signature and link of a log")
    log.add_argument(
        "log", metavar="URL-or-FOLDER", help="含 checkpoint 和 tile/ 的目录或地址 / where checkpoint and tile/ are"
    )
    log.add_argument(
        "--policy", type=Path, required=True, metavar="FILE", help="策略文件 / the policy (C2SP tlog-policy)"
    )
    log.add_argument(
        "--token-file", type=Path, metavar="FILE", help="审计员令牌文件 / the auditor's token, to read entries"
    )
    log.add_argument("--ca", type=Path, metavar="FILE", help="证据库的 CA 证书 / the archive's CA certificate, PEM")
    log.add_argument(
        "--dock-head",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="采集站所持链条位置（JSON 行） / what a dock holds of its chain: JSON lines with source, seq, hash, or envelopes",
    )
    log.add_argument(
        "--seen",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="以前见过的检查点或回执 / a checkpoint or receipt seen before: the log must still contain that state",
    )
    log.add_argument(
        "--jobs", type=_jobs, default=os.cpu_count() or 1, metavar="N", help="进程数 / processes (default: all cores)"
    )
    log.set_defaults(run=_log)

    clip = commands.add_parser("clip", help="核验一个片段 / one clip against its proofs")
    clip.add_argument("clip", type=Path, metavar="FILE", help="片段文件 / the clip")
    clip.add_argument(
        "--proof",
        type=Path,
        action="append",
        required=True,
        metavar="FILE",
        help="证明文件：tlog-proof（可多个相接）或链条声明（每行一个） / tlog-proofs, or envelopes of the chain one a line",
    )
    clip.add_argument("--policy", type=Path, required=True, metavar="FILE", help="策略文件 / the policy")
    clip.set_defaults(run=_clip)

    disposal = commands.add_parser("disposal", help="核验一次处置 / that a clip was disposed of by two people")
    disposal.add_argument("sha256", type=_sha256, metavar="SHA256", help="片段的 SHA-256 / the clip's SHA-256")
    disposal.add_argument(
        "--proof", type=Path, action="append", required=True, metavar="FILE", help="证明文件 / tlog-proofs of its page"
    )
    disposal.add_argument("--policy", type=Path, required=True, metavar="FILE", help="策略文件 / the policy")
    disposal.set_defaults(run=_disposal)

    package = commands.add_parser("package", help="核验证据包 / an evidence package")
    package.add_argument("package", type=Path, metavar="PATH", help="证据包目录 / the package's folder")
    package.add_argument(
        "--policy", type=Path, metavar="FILE", help="策略文件，缺省用包内的 / the policy (default: the package's own)"
    )
    package.set_defaults(run=_package)

    site = commands.add_parser("site", help="核验公示网站 / that a folder is the public site that was released")
    site.add_argument("folder", type=Path, metavar="DIR", help="网站目录 / the site's folder")
    site.add_argument("--policy", type=Path, required=True, metavar="FILE", help="策略文件 / the policy")
    site.add_argument(
        "--latest",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="最新一次发布的证明，用以发现旧版 / the proof of the newest release: an older one is named",
    )
    site.set_defaults(run=_site)

    for command in (log, clip, disposal, package, site):
        command.add_argument("--json", action="store_true", help="输出 JSON / answer as JSON")
    return parser
