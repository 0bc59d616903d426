"""What the screen says: one table of states and one of codes, Chinese first, short enough to be read from two metres.

Every code that a dock can put on a bay or raise as an alarm has a sentence and what to do; a test holds that. What it means in detail
stands in docs/operations.md: the officer needs one step, the administrator has the page.
"""

from __future__ import annotations

from dataclasses import dataclass

from liuhen_agent.bay import State


@dataclass(frozen=True)
class Text:
    """One thing said in both languages."""

    zh: str
    en: str

    def pair(self) -> tuple[str, str]:
        return self.zh, self.en


@dataclass(frozen=True)
class Advice:
    """What is the matter, and what the officer does."""

    what: Text
    do: Text


@dataclass(frozen=True)
class Look:
    """How a tile stands in a state. `kind` chooses its ground, `mark` its shape (a sign, or "ring" which turns); `hold`: unplugging it now would harm."""

    kind: str
    mark: str
    title: Text
    hold: bool = False


HOLD = Text("请勿拔出", "Do not unplug")
WAITS = Text("正在估算时间", "estimating")
STATES: dict[State, Look] = {
    State.ABSENT: Look("empty", "", Text("空", "Empty")),
    State.IDENTIFIED: Look("working", "ring", Text("正在识别", "Identifying"), hold=True),
    State.UNLOCKED: Look("working", "ring", Text("正在识别", "Identifying"), hold=True),
    State.MOUNTED: Look("working", "ring", Text("正在清点", "Listing"), hold=True),
    State.INVENTORIED: Look("working", "ring", Text("等待采集", "Waiting"), hold=True),
    State.COLLECTING: Look("working", "ring", Text("采集中", "Reading"), hold=True),
    State.COLLECTED: Look("working", "ring", Text("入库中", "Storing"), hold=True),
    State.RECEIPTED: Look("working", "ring", Text("清空中", "Clearing"), hold=True),
    State.CLEARED: Look("working", "ring", Text("即将完成", "Finishing"), hold=True),
    State.READY: Look("ready", "●", Text("可以取走", "Safe to take")),
    State.PULLED: Look("attention", "▲", Text("提前拔出", "Taken too early")),
    State.FAILED: Look("failed", "■", Text("出错", "Failed")),
    State.QUARANTINED: Look("attention", "▲", Text("未登记设备", "Unknown device")),
}

PULLED = Advice(Text("还没有采集完", "It was not finished"), Text("请重新插入", "Plug it in again"))
QUARANTINE_READING = Advice(
    Text("只读采集", "Read only, never cleared"), Text("请联系管理员", "Call the administrator")
)
QUARANTINE_DONE = Advice(
    Text("已入库，未清空", "Stored; not cleared"), Text("请交管理员登记", "Hand it to the administrator")
)
NOT_RUNNING = Advice(
    Text("采集站未在工作", "The dock is not running"),
    Text("已插入的记录仪请勿拔出，请联系管理员", "Leave recorders where they are and call the administrator"),
)
NO_BAYS = Advice(Text("还没有配置槽位", "No bay is configured"), Text("请联系管理员", "Call the administrator"))
UNKNOWN_CODE = Advice(
    Text("无法处理这台设备", "This device could not be handled"), Text("请联系管理员", "Call the administrator")
)


def held_until(begin: str) -> Text:
    """On a tile whose footage waits for the upload hours."""
    return Text(f"{begin} 开始上传", f"Sent from {begin}")


def upload_hours(begin: str, end: str) -> Text:
    """In the last line, outside the upload hours."""
    return Text(f"上传时段 {begin}–{end}，{begin} 开始上传", f"Uploads {begin}–{end}, from {begin} on")


def upload_limit(mbit: int) -> Text:
    """In the last line, in the upload hours."""
    return Text(f"限速 {mbit} Mbit/s", f"At most {mbit} Mbit/s")


_AGAIN = Text("请拔出后重新插入", "Unplug it and plug it in again")
_ADMINISTRATOR = Text("请交管理员", "Hand it to the administrator")
_CALL = Text("请联系管理员", "Call the administrator")
_NOTHING = Text("无需操作", "Nothing to do")
_NO_RECORDER = Text("请拔出", "Unplug it")
_KEPT = Text("未清空，原件仍在", "Not cleared; footage is kept")

_SAID: tuple[tuple[tuple[str, ...], Advice], ...] = (
    (("incomplete",), Advice(Text("有文件读不出", "Some files cannot be read"), _ADMINISTRATOR)),
    (("missing", "gone"), Advice(Text("设备没有接好", "The device is not there"), _AGAIN)),
    (("no-file-system", "damaged"), Advice(Text("存储卡损坏或无法识别", "The card is damaged"), _ADMINISTRATOR)),
    (
        ("too-many", "memory", "timeout", "crashed"),
        Advice(Text("存储卡异常", "The card is not normal"), _ADMINISTRATOR),
    ),
    (("read-error", "size-differs", "not-a-file"), Advice(Text("文件读不出", "A file cannot be read"), _ADMINISTRATOR)),
    (("busy", "closed", "internal-error"), Advice(Text("采集站程序出错", "The dock made a fault"), _AGAIN)),
    (
        ("no-answer", "garbled", "refused"),
        Advice(Text("记录仪没有正确应答", "The recorder does not answer well"), _AGAIN),
    ),
    (("unsupported",), Advice(Text("不支持这种型号", "This model is not known"), _ADMINISTRATOR)),
    (("wrong-password", "locked"), Advice(Text("记录仪口令不符", "The recorder refused the password"), _ADMINISTRATOR)),
    (("other-disk",), Advice(Text("像是换了一台", "It looks like another one"), _AGAIN)),
    (("clock-not-set",), Advice(Text("记录仪时钟无法校准", "Its clock cannot be set"), _ADMINISTRATOR)),
    (("not-cleared-never", "not-cleared-quarantined"), Advice(_KEPT, _NOTHING)),
    (("not-cleared-new-or-changed",), Advice(Text("又有新的录像", "There is new footage on it"), _AGAIN)),
    (
        (
            "not-cleared",
            "not-cleared-not-receipted",
            "not-cleared-not-logged",
            "not-cleared-not-collected",
            "not-cleared-no-receipt",
            "not-cleared-listing-incomplete",
            "not-cleared-unreadable",
            "not-cleared-failed",
        ),
        Advice(_KEPT, _AGAIN),
    ),
    (
        (
            "not-cleared-halted",
            "not-cleared-receipt-does-not-hold",
            "not-cleared-wrong-method",
            "not-cleared-crashed",
            "not-cleared-cannot-decide",
            "not-cleared-wrong-use",
        ),
        Advice(_KEPT, _ADMINISTRATOR),
    ),
    # what is plugged in and is no recorder
    (
        ("refused-input-device",),
        Advice(Text("键盘或鼠标", "Keyboard or mouse"), Text("请交管理员", "Give it to the administrator")),
    ),
    (
        ("refused-network-card",),
        Advice(Text("网卡", "Network card"), Text("请改用读卡器", "Use a card reader")),
    ),
    (("refused-webcam",), Advice(Text("摄像头模式", "Webcam mode"), Text("请切换到U盘模式", "Choose disk mode on it"))),
    (("refused-hub",), Advice(Text("集线器", "USB hub"), Text("请勿使用集线器", "Plug the recorder in directly"))),
    (
        ("refused-bad-descriptor",),
        Advice(Text("设备异常", "Device not normal"), Text("请换线再插", "Try another cable")),
    ),
    (("refused-second-device",), Advice(Text("多插了设备", "A second device"), _NO_RECORDER)),
    (("refused-second-disk",), Advice(Text("磁盘未读取", "Disk not read"), _ADMINISTRATOR)),
    (
        ("refused-unknown-port",),
        Advice(Text("有设备不在槽位上", "A device is not in a bay"), Text("请插入槽位", "Use a bay")),
    ),
    (
        (
            "refused-wireless",
            "refused-printer",
            "refused-sound",
            "refused-smart-card",
            "refused-not-authorised",
            "refused-other",
        ),
        Advice(Text("不是记录仪", "Not a recorder"), _NO_RECORDER),
    ),
    # alarms of the whole dock
    (
        ("split-view", "rolled-back", "chain-cut", "chain-forked", "journal-behind", "receipted-clip-missing"),
        Advice(
            Text("证据库不可信，暂停清空记录仪", "The archive cannot be trusted; nothing is cleared"),
            Text("采集照常，请立即通知管理员", "Go on collecting; tell the administrator at once"),
        ),
    ),
    (
        ("entry-refused", "upload-refused", "receipt-refused", "receipts-withheld"),
        Advice(Text("证据库拒收", "The archive refuses something"), _CALL),
    ),
    (("spool-damaged",), Advice(Text("采集站磁盘出错", "The dock's disk has faults"), _CALL)),
    (("policy-offered",), Advice(Text("有新的见证策略待确认", "A new policy waits for a decision"), _CALL)),
    (("certificate",), Advice(Text("采集站证书无法更新", "The dock's certificate is not renewed"), _CALL)),
    (
        ("disk-full",),
        Advice(
            Text("采集站磁盘已满，等待空间", "The dock is full and waits for room"),
            Text("记录仪请勿拔出，请联系管理员", "Leave recorders in; call the administrator"),
        ),
    ),
    (
        ("archive-full",),
        Advice(
            Text("证据库空间已满", "The archive is full"),
            Text("记录仪请勿拔出，请联系管理员", "Leave recorders in; call the administrator"),
        ),
    ),
    (("settled",), Advice(Text("报警已由管理员处理", "An alarm was settled"), _NOTHING)),
)
CODES: dict[str, Advice] = {code: advice for codes, advice in _SAID for code in codes}


def advice_of(code: str) -> Advice:
    """Also for a code that a newer dock may have."""
    return CODES.get(code, UNKNOWN_CODE)
