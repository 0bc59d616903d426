"""The texts of the pages about recorders' stays, in both languages."""

from typing import NamedTuple

__all__ = ["STAY_TEXTS", "Text"]


class Text(NamedTuple):
    """Places in braces stand in both."""

    zh: str
    en: str


STAY_TEXTS: dict[str, Text] = {
    "nav.stays": Text("记录仪入仓", "Recorder stays"),
    "stays.title": Text("记录仪入仓", "Recorder stays"),
    "stays.lead": Text(
        "记录仪每次插入采集站，站内都会清点其全部文件。这里逐一交代：哪些已采集，哪些读不出，哪里缺号，哪些已被删除。",
        "Each time a recorder is docked, every file on it is listed. Here is what became of each: collected, unreadable, "
        "missing from the numbering, deleted.",
    ),
    "stays.count": Text("共 {count} 次", "{count} in all"),
    "stays.time": Text("入仓时间", "Docked"),
    "stays.ended": Text("取走时间", "Taken"),
    "stays.files": Text("文件", "Files"),
    "stays.lacking": Text("缺漏", "Lacking"),
    "stays.only_lacking": Text("仅有缺漏", "only lacking"),
    "stays.outcome": Text("结果", "Outcome"),
    "stays.bay": Text("槽位", "Bay"),
    "stays.none": Text("还没有记录仪入仓。", "No recorder has been docked yet."),
    "stays.none.way_out": Text(
        "采集站登记后，记录仪第一次插入就会出现在这里。",
        "They appear here once a recorder is put into an enrolled dock.",
    ),
    "stays.none_match": Text("没有符合条件的入仓。", "No stay matches."),
    "stay.title": Text("{recorder} 号记录仪入仓", "Stay of recorder {recorder}"),
    "stay.of_clip": Text("入仓记录", "its stay"),
    "stay.link.lacks": Text("有缺漏", "something is lacking"),
    "stay.premature": Text("提前拔出", "taken too early"),
    "stay.cleared": Text("已清空", "cleared"),
    "stay.open": Text("仍在槽位", "in the bay"),
    "stay.quarantined": Text("未登记设备", "unknown device"),
    "stay.kept_for_cause": Text("未清空", "not cleared"),
    "stay.kept": Text("保留未清空", "kept, not cleared"),
    "stay.lacks.failed": Text("{count} 个读不出", "{count} unreadable"),
    "stay.lacks.missing": Text("缺 {count} 号", "{count} numbers missing"),
    "stay.lacks.missing.one": Text("缺 {count} 号", "{count} number missing"),
    "stay.lacks.deleted": Text("{count} 个已删除", "{count} deleted"),
    "stay.lacks.problems": Text("{count} 项问题", "{count} problems"),
    "stay.lacks.problems.one": Text("{count} 项问题", "{count} problem"),
    "stay.sentence.no_inventory": Text("还没有清点记录。", "There is no inventory."),
    "stay.sentence.listed": Text("清点 {count} 个文件", "{count} files listed"),
    "stay.sentence.listed.one": Text("清点 {count} 个文件", "{count} file listed"),
    "stay.sentence.failed": Text("{count} 个读不出", "{count} could not be read"),
    "stay.sentence.not_read": Text("{count} 个没有读到", "{count} were not read"),
    "stay.sentence.not_read.one": Text("{count} 个没有读到", "{count} was not read"),
    "stay.sentence.unlisted": Text("另有 {count} 个不在清点之内", "{count} more were not in the listing"),
    "stay.sentence.unlisted.one": Text("另有 {count} 个不在清点之内", "{count} more was not in the listing"),
    "stay.sentence.waiting": Text("{count} 个待采集", "{count} not read yet"),
    "stay.sentence.collected": Text("{count} 个已采集", "{count} collected"),
    "stay.sentence.earlier": Text("{count} 个此前已采集", "{count} collected in an earlier stay"),
    "stay.sentence.missing": Text("编号缺 {count} 个", "{count} numbers are missing"),
    "stay.sentence.missing.one": Text("编号缺 {count} 个", "{count} number is missing"),
    "stay.sentence.deleted": Text(
        "文件系统仍显示 {count} 个已删除文件", "the file system still shows {count} deleted files"
    ),
    "stay.sentence.comma": Text("，", ", "),
    "stay.sentence.end": Text("。", "."),
    "stay.why": Text("未清空的原因", "Why it was not cleared"),
    "stay.why.quarantined": Text("未登记的设备只读采集，从不清空。", "An unknown device is read and never cleared."),
    "stay.why.code": Text("采集站声明：{code}。", "The dock stated: {code}."),
    "stay.why.premature": Text("在全部回执到手之前被拔出。", "It was pulled out before every receipt was there."),
    "stay.why.profile": Text(
        "此型号的配置规定不清空，或没有文件。", "Its profile says never to clear it, or it held no file."
    ),
    "stay.cleared.detail": Text("凭 {count} 份回执，方式 {method}", "on {count} receipts, by {method}"),
    "stay.cleared.detail.one": Text("凭 {count} 份回执，方式 {method}", "on {count} receipt, by {method}"),
    "stay.clock": Text("校时前的时钟偏差", "Clock before it was set"),
    "stay.clock.unknown": Text("没有读到记录仪时钟", "the recorder's clock was not read"),
    "stay.clock.slow": Text("慢 {seconds} 秒", "{seconds} s slow"),
    "stay.clock.fast": Text("快 {seconds} 秒", "{seconds} s fast"),
    "stay.clock.then_set": Text("，随后已校准", ", then set"),
    "stay.clock.not_set": Text("，未校准", ", not set"),
    "stay.model": Text("型号与固件", "Model and firmware"),
    "stay.profile": Text("识别配置", "Profile"),
    "stay.grade": Text("{profile}（{grade} 级，{transport}）", "{profile} (grade {grade}, {transport})"),
    "stay.battery": Text("电量", "Battery"),
    "stay.space": Text("清点总量与剩余空间", "Listed and free"),
    "stay.unowned": Text("不属于任何文件的占用空间", "In use by no file"),
    "stay.not_whole": Text("清点声明不完整", "The inventory is not complete"),
    "stay.not_whole.text": Text(
        "日志中有 {here} 份，应有 {of} 份；其余可能还在采集站。",
        "The log has {here} of its {of} statements; the rest may still be on the dock.",
    ),
    "stay.files": Text("每个文件的下落", "Every file"),
    "stay.file": Text("记录仪上的路径", "Path on the recorder"),
    "stay.file.modified": Text("修改时间（自述）", "Modified (its word)"),
    "stay.file.fate": Text("下落", "What became of it"),
    "stay.no_files": Text("记录仪上没有文件。", "There was no file on it."),
    "fate.failed": Text("读不出", "unreadable"),
    "fate.not_read": Text("未读取", "not read"),
    "fate.unlisted": Text("不在清点之内", "not in the listing"),
    "fate.waiting": Text("待采集", "not read yet"),
    "fate.collected": Text("已采集", "collected"),
    "fate.earlier": Text("此前已采集", "collected earlier"),
    "fate.earlier.text": Text("与此前的片段同名同大小", "an earlier clip has this name and size"),
    "stay.gaps": Text("编号缺口", "Gaps in the numbering"),
    "stay.gaps.text": Text(
        "同一设备、同一天的文件编号不连续：缺少的可能从未存在，也可能已被删除或覆盖。",
        "Numbers of one device and day that do not follow each other: what is missing may never have been, or was deleted or overwritten.",
    ),
    "stay.gap.after": Text("在此之后", "After"),
    "stay.gap.before": Text("在此之前", "Before"),
    "stay.gap.missing": Text("缺少", "Missing"),
    "stay.deleted": Text("文件系统仍显示的已删除文件", "Deleted files the file system still shows"),
    "stay.deleted.text": Text(
        "接入之前已被删除，内容没有采集。文件名可能缺首字母。",
        "Deleted before it was docked; their content was not collected. A name may lack its first letter.",
    ),
    "stay.deleted.unnamed": Text("另有 {count} 个没有列出名称。", "{count} more are not listed by name."),
    "stay.deleted.unnamed.one": Text("另有 {count} 个没有列出名称。", "{count} more is not listed by name."),
    "stay.more": Text("另有 {count} 项没有显示。", "{count} more are not shown."),
    "stay.more.one": Text("另有 {count} 项没有显示。", "{count} more is not shown."),
    "stay.problems": Text("问题", "Problems"),
    "stay.problem.listing": Text("清点", "listing"),
    "stay.timeline": Text("采集站的声明", "What the dock stated"),
    "event.recorder.inventory": Text("清点", "Inventory"),
    "event.recorder.inventory.detail": Text(
        "第 {part}/{parts} 份，{count} 个文件", "part {part} of {parts}, {count} files"
    ),
    "event.clip.failed": Text("读取失败", "Not readable"),
    "event.clip.failed.detail": Text("{path}，{reason}", "{path}, {reason}"),
    "event.dock.alarm": Text("报警", "Alarm"),
    "event.dock.alarm.detail": Text("{code}", "{code}"),
    "colon": Text("：", ": "),
    "pages.before": Text("上一页", "Before"),
    "pages.after": Text("下一页", "After"),
    "problem.no_such_stay.title": Text("日志中没有这次入仓", "The log does not know this stay"),
    "problem.no_such_stay.text": Text(
        "地址可能有误，或采集站还没有发来声明。请从列表中查找。",
        "The address may be wrong, or the dock has not sent it yet. Look for it in the list.",
    ),
}
