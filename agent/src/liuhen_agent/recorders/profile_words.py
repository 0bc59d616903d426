"""A profile in words for people, and as plain data for programs."""

from __future__ import annotations

from pathlib import Path

from liuhen_agent.recorders.profile import Profile


def standing(profile: Profile) -> str:
    tried = "未在真机上试过 experimental" if profile.experimental else "已用 in use"
    return f"{profile.grade}, {tried}"


def proof(path: Path, profile: Profile) -> str:
    if not path.with_suffix(".trace").exists():
        return "没有对话记录 no trace"
    return (
        "与对话记录一致 agrees with its trace"
        if profile.protocol.commands
        else "与目录样本一致 agrees with its listing"
    )


CLEARING = {
    "never": "从不清空 never",
    "delete": "逐个删除文件 by deleting its files",
    "format": "重建文件系统 by a fresh file system",
}


def in_words(profile: Profile) -> list[str]:
    match, protocol = profile.match, profile.protocol
    looks = [
        f"经 over {match.transport}",
        *(["VID:PID " + " ".join(match.usb)] if match.usb else []),
        *([f"接口 interface {match.interface}"] if match.interface else []),
        *[f"{name} {glob}" for name, glob in match.strings.items()],
        *([f"INQUIRY {match.inquiry}"] if match.inquiry else []),
        *([f"卷标 label {match.label}"] if match.label else []),
        *(["路径 paths " + " ".join(match.paths)] if match.paths else []),
        *(["文件名符合样式 names that fit"] if match.names else []),
        *(["其余都不符合时 whatever nothing else fits"] if match.last_resort else []),
    ]
    lines = [
        f"{profile.name}: {profile.title_zh} / {profile.title}",
        f"  依据 grade and sources: {standing(profile)}: {'; '.join(profile.sources)}",
        f"  辨认 known by: {' · '.join(looks)} (优先级 priority {match.priority})",
    ]
    if protocol.commands:
        asks = ", ".join(protocol.probes)
        back = (
            f"{protocol.disk.seconds:g} 秒内 within {protocol.disk.seconds:g} s"
            if protocol.disk.again
            else "已在 at once"
        )
        lines += [
            f"  探测 asked first (只读 only reads): {asks}",
            f"  通信 spoken to: {profile.driver}: {', '.join(protocol.commands)}",
            f"  磁盘 its disk: {back}"
            + ("；卷标即序列号 its label is its serial" if protocol.disk.label_is_serial else ""),
        ]
    lines += [
        f"  片段 clips: {' '.join(profile.files.clips)}",
        f"  清空 cleared: {CLEARING[profile.clearing]}",
        *[f"  注意 note: {quirk}" for quirk in profile.quirks],
    ]
    return lines


def facts(profile: Profile) -> dict[str, object]:
    return {
        "name": profile.name,
        "title": profile.title,
        "title_zh": profile.title_zh,
        "driver": profile.driver,
        "transport": profile.match.transport,
        "grade": profile.grade,
        "experimental": profile.experimental,
        "clearing": profile.clearing,
        "probes": list(profile.protocol.probes),
        "commands": list(profile.protocol.commands),
        "sources": list(profile.sources),
        "quirks": list(profile.quirks),
    }
