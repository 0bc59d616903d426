"""What a dock's codes about one recorder mean, in a phrase. The handbook (docs/operations.md) says what to do; a test holds that no code of
its table is missing here."""

from liuhen_server.web.stay_texts import Text

__all__ = ["REASON_TEXTS"]

_REASONS: dict[str, tuple[str, str]] = {
    "incomplete": ("有文件读不出，或目录没有列全", "files could not be read, or the listing was not whole"),
    "missing": ("没有设备", "no device was there"),
    "gone": ("读取中被拔出", "it was pulled out while it was read"),
    "no-file-system": ("没有认识的文件系统", "no known file system"),
    "damaged": ("文件系统已损坏", "the file system is damaged"),
    "too-many": ("条目过多，超出限度", "more entries than a recorder has"),
    "memory": ("读取所耗内存超出限度", "reading took more memory than it may"),
    "timeout": ("读取时间超出限度", "reading took longer than it may"),
    "crashed": ("读取程序中途退出", "the reading program ended half way"),
    "read-error": ("磁盘读取出错", "the disk could not be read there"),
    "size-differs": ("大小与目录所列不符", "not of the size that the listing says"),
    "not-a-file": ("不是普通文件", "not a plain file"),
    "busy": ("采集站程序缺陷", "a fault of the dock's program"),
    "closed": ("采集站程序缺陷", "a fault of the dock's program"),
    "internal-error": ("采集站程序缺陷", "a fault of the dock's program"),
    "no-answer": ("记录仪没有应答", "the recorder did not answer"),
    "garbled": ("记录仪的应答无法辨认", "the recorder's answer made no sense"),
    "refused": ("记录仪拒绝指令", "the recorder refused a command"),
    "unsupported": ("记录仪不支持该指令", "the recorder does not know a command"),
    "wrong-password": ("记录仪密码缺失或被拒", "the recorder's password is missing or was refused"),
    "locked": ("记录仪已自锁", "the recorder has locked itself"),
    "other-disk": ("重新出现的是另一台记录仪的磁盘", "the disk that came back is another recorder's"),
    "clock-not-set": ("记录仪时钟未校准", "the recorder's clock was not set"),
    "not-cleared": (
        "没有可清空的内容，或中断的清空无法续完",
        "nothing to clear, or an interrupted clearing that cannot go on",
    ),
    "not-cleared-never": ("此型号的配置规定不清空", "its profile says never"),
    "not-cleared-quarantined": ("未登记的设备从不清空", "an unknown device is never cleared"),
    "not-cleared-not-receipted": ("还有文件没有回执", "a file has no receipt yet"),
    "not-cleared-not-collected": ("还有文件没有采集", "a file was not collected"),
    "not-cleared-no-receipt": ("还有文件没有回执", "a file has no receipt yet"),
    "not-cleared-halted": ("采集站有未解除的报警，停止清空", "an alarm of the dock holds up all clearing"),
    "not-cleared-not-logged": ("本次入仓的声明尚未写入日志", "something stated of this stay is not in the log yet"),
    "not-cleared-receipt-does-not-hold": ("回执在采集站核验不成立", "a receipt does not hold at the dock"),
    "not-cleared-listing-incomplete": ("清空前再次清点没有列全", "the listing before clearing was not whole"),
    "not-cleared-unreadable": ("清空前再次清点未成", "it could not be listed again before clearing"),
    "not-cleared-new-or-changed": ("记录仪上有未采集的内容", "something on it was not collected"),
    "not-cleared-wrong-method": ("配置的清空方式不适用", "its profile's way of clearing does not fit"),
    "not-cleared-failed": ("清空时写入失败", "writing failed while it was cleared"),
    "not-cleared-crashed": ("清空程序中途退出", "the clearing program ended half way"),
    "not-cleared-cannot-decide": ("清空程序读不到所需内容", "the clearing program could not read what it needs"),
    "not-cleared-wrong-use": ("清空程序读不到所需内容", "the clearing program could not read what it needs"),
}

REASON_TEXTS = {
    "reason": Text("{why}（{code}）", "{why} ({code})"),
    **{f"reason.{code}": Text(*texts) for code, texts in _REASONS.items()},
}
