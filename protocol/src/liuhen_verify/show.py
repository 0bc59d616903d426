"""The answer as people read it (Chinese first, English second; a mark and a word, never colour alone) and as programs do (JSON)."""

from __future__ import annotations

from liuhen_protocol.report import Finding, Report, Step, StepName, Verdict
from liuhen_protocol.verify_site import SiteReport
from liuhen_protocol.words import (
    CODES,
    HOLDS,
    MARKS,
    NOT_CLAIMED,
    STEPS,
    STEPS_ENGLISH,
    VERDICTS,
    VERDICTS_ENGLISH,
)
from liuhen_verify.check_clip import ClipReport
from liuhen_verify.check_disposal import DisposalReport
from liuhen_verify.check_log import LogReport
from liuhen_verify.check_package import PackageReport

Json = dict[str, object]
MOST_FINDINGS = 20  # lines for people; --json has all that were kept

LOG_STEPS = {StepName.STATEMENT: "条目与声明"}
LOG_HOLDS = {
    StepName.STATEMENT: "每个条目都是声明，每条入库声明都有所依据的承诺，每条处置声明都有两人的编制与批准",
    StepName.SIGNATURE: "全部签名有效，且为日志当时登记的密钥所签",
    StepName.CHAIN: "各采集站与证据库的链条逐条相接，没有缺漏、重复或分叉",
    StepName.INCLUSION: "条目与分块文件算出检查点的根",
    StepName.CHECKPOINT: "检查点由日志签名",
    StepName.COSIGNATURES: "见证方联署达到规定数量",
    StepName.TIME: "没有声明早于其前一条",
}
LOG_NOT_CLAIMED = (
    "日志证明声明及其次序未被改动；片段文件本身须另行核验（liuhen-verify clip）。",
    "The log shows that statements and their order were not changed; the clips themselves are checked with: liuhen-verify clip.",
)
OWN_POLICY = (
    "依据的是包内自带的策略文件：请与主管机关公布的策略核对，或用 --policy 指定。",
    "Judged by the policy file that came inside the package: compare it with the published one, or give --policy.",
)


def printable(text: str) -> str:
    """One line that cannot pretend to be another: names and reasons come from files that others made."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in text)


def _text(lines: list[str]) -> str:
    return "\n".join(map(printable, lines))


def _step_lines(step: Step, names: dict[StepName, str], holds: dict[StepName, str]) -> list[str]:
    chinese = CODES.get(step.code, step.why) if step.code else holds[step.name]
    code = f" [{step.code}]" if step.code else ""
    return [
        f"  {step.number} {MARKS[step.verdict]} {VERDICTS[step.verdict]} {names.get(step.name, STEPS[step.name])}：{chinese}",
        f"      {VERDICTS_ENGLISH[step.verdict]}. {STEPS_ENGLISH[step.name]}: {step.why}{code}",
    ]


def _verdict_lines(what: str, report: Report, names: dict[StepName, str]) -> list[str]:
    verdict, step = report.verdict, report.deciding
    where = "" if step is None else f"：第 {step.number} 步（{names.get(step.name, STEPS[step.name])}）"
    why = "" if step is None or not step.code else f"，{CODES.get(step.code, step.why)}"
    return [f"{MARKS[verdict]} {VERDICTS[verdict]} {what}{where}{why}", f"  {report.sentence()}"]


def _finding_lines(findings: tuple[Finding, ...]) -> list[str]:
    if len(findings) < 2:
        return []
    lines = ["", f"发现 findings ({len(findings)})"]
    for one in findings[:MOST_FINDINGS]:
        at = "" if one.index is None else f" 条目 entry {one.index}:"
        lines.append(f"  {MARKS[one.verdict]} {one.step.value} [{one.code}]{at} {one.why}")
    if len(findings) > MOST_FINDINGS:
        lines.append(f"  … 另有 {len(findings) - MOST_FINDINGS} 项，见 --json / more of them in --json")
    return lines


def _not_claimed_lines(*said: tuple[str, str]) -> list[str]:
    return ["", "未作主张 not claimed", *(f"  {line}" for pair in said for line in pair)]


def log_text(result: LogReport) -> str:
    checkpoint = result.checkpoint
    lines = _verdict_lines("日志" if checkpoint is None else f"日志 {checkpoint.origin}", result.report, LOG_STEPS)
    if checkpoint is not None:
        lines.append(f"  {result.entries:,} / {checkpoint.size:,} 条逐条核验 entries checked one by one")
        lines.append(f"  根 root {checkpoint.root.hex()}")
    for step in result.report.steps:
        lines += _step_lines(step, LOG_STEPS, LOG_HOLDS)
    lines += _finding_lines(result.report.findings)
    return _text([*lines, *_not_claimed_lines(LOG_NOT_CLAIMED)])


def _clip_lines(result: ClipReport) -> list[str]:
    lines = _verdict_lines(result.name, result.report, {})
    if result.sha256 is not None:
        lines.append(f"  SHA-256 {result.sha256}")
    for step in result.report.steps:
        lines += _step_lines(step, {}, HOLDS)
    return lines + _finding_lines(result.report.findings)


def clip_text(result: ClipReport) -> str:
    return _text([*_clip_lines(result), *_not_claimed_lines(NOT_CLAIMED)])


def disposal_text(result: DisposalReport) -> str:
    mark, tombstone = MARKS[result.verdict], result.tombstone
    if tombstone is None:
        chinese = CODES.get(result.code, result.why)
        return _text(
            [
                f"{mark} {VERDICTS[result.verdict]} 处置：{chinese}",
                f"  {VERDICTS_ENGLISH[result.verdict]}. Disposal: {result.why} [{result.code}]",
            ]
        )
    first, second, said = tombstone.first, tombstone.second, tombstone.list
    return _text(
        [
            f"{mark} {VERDICTS[result.verdict]} 处置：{result.time} 依清单 {said} 处置，{first} 编制，{second} 批准，期限至 {tombstone.term}",
            f"  {VERDICTS_ENGLISH[result.verdict]}. Disposed of at {result.time} under {said}, drawn by {first}, approved by {second}; "
            f"its term ended on {tombstone.term}",
        ]
    )


def disposal_json(result: DisposalReport) -> Json:
    tombstone = result.tombstone
    said: Json | None = None
    if tombstone is not None:
        said = {name: getattr(tombstone, name) for name in ("list", "dock", "first", "second", "term", "freed")}
        said["time"] = result.time
    return {
        "sha256": result.sha256,
        "verdict": result.verdict.value,
        "code": result.code or None,
        "why": result.why or None,
        "disposal": said,
    }


def site_text(result: SiteReport) -> str:
    mark, word, english = MARKS[result.verdict], VERDICTS[result.verdict], VERDICTS_ENGLISH[result.verdict]
    lines = [
        f"{mark} {word} 公示网站：清单内 {result.files} 个文件",
        f"  {english}: {result.files} files in the manifest",
    ]
    if result.release is not None:
        release = result.release
        lines.append(f"  {release.time} 发布，日志条目 {release.index}，{len(release.cosigned)} 个见证方联署")
        lines.append(f"  Released at {release.time}, log entry {release.index}, {len(release.cosigned)} witnesses")
    for each in result.findings[:MOST_FINDINGS]:
        said = CODES.get(each.code, each.why)
        lines.append(
            f"  {MARKS[each.verdict]} {each.path + '：' if each.path else ''}{said} / {each.why} [{each.code}]"
        )
    if len(result.findings) > MOST_FINDINGS:
        lines.append(f"  …… 共 {len(result.findings)} 处 / {len(result.findings)} findings")
    return _text(lines)


def site_json(result: SiteReport) -> Json:
    release: Json | None = None
    if result.release is not None:
        event = result.release.event
        release = {"index": result.release.index, "time": result.release.time, "sha256": event.sha256}
        release |= {"files": event.files, "items": event.items, "cosigned": dict(result.release.cosigned)}
    findings = [
        {"verdict": each.verdict.value, "code": each.code, "why": each.why, "path": each.path or None}
        for each in result.findings
    ]
    return {"verdict": result.verdict.value, "files": result.files, "release": release, "findings": findings}


def package_text(result: PackageReport) -> str:
    lines: list[str] = []
    for clip in result.clips:
        lines += [*_clip_lines(clip), ""]
    held = sum(clip.report.verdict is Verdict.HOLDS for clip in result.clips)
    mark, word, english = MARKS[result.verdict], VERDICTS[result.verdict], VERDICTS_ENGLISH[result.verdict]
    lines.append(f"{mark} {word} 证据包：{len(result.clips)} 个片段，{held} 个成立")
    lines.append(f"  {english}: {held} of {len(result.clips)} clips hold")
    said = [NOT_CLAIMED, OWN_POLICY] if result.own_policy else [NOT_CLAIMED]
    return _text([*lines, *_not_claimed_lines(*said)])


def _report_json(report: Report, holds: dict[StepName, str]) -> Json:
    return {
        "verdict": report.verdict.value,
        "sentence": report.sentence(),
        "steps": [
            {
                "number": step.number,
                "name": step.name.name.lower(),
                "verdict": step.verdict.value,
                "code": step.code,
                "why": step.why,
                "why_zh": CODES.get(step.code, step.why) if step.code else holds[step.name],
            }
            for step in report.steps
        ],
        "findings": [
            {"step": f.step.value, "verdict": f.verdict.value, "code": f.code, "why": f.why, "index": f.index}
            for f in report.findings
        ],
    }


def log_json(result: LogReport) -> Json:
    checkpoint = result.checkpoint
    log = None
    if checkpoint is not None:
        log = {"origin": checkpoint.origin, "size": checkpoint.size, "root": checkpoint.root.hex()}
    return _report_json(result.report, LOG_HOLDS) | {
        "log": log,
        "entries": result.entries,
        "not_claimed": list(LOG_NOT_CLAIMED),
    }


def clip_json(result: ClipReport) -> Json:
    about = {"clip": result.name, "sha256": result.sha256, "not_claimed": list(NOT_CLAIMED)}
    return _report_json(result.report, HOLDS) | about


def package_json(result: PackageReport) -> Json:
    said = [*NOT_CLAIMED, *OWN_POLICY] if result.own_policy else [*NOT_CLAIMED]
    clips = [clip_json(clip) for clip in result.clips]
    return {"verdict": result.verdict.value, "own_policy": result.own_policy, "clips": clips, "not_claimed": said}
