"""The texts of the work handbook and of what is handed over, in both languages."""

from liuhen_server.web.stay_texts import Text

__all__ = ["HANDOVER_TEXTS"]

HANDOVER_TEXTS: dict[str, Text] = {
    "handover.title": Text("工作手册与移交", "Handbook and hand-over"),
    "handover.lead": Text(
        "工作手册由现行有效的清单、指南、文书范本和规则汇编。报备或移交的是一个压缩包：手册（PDF）和每份现行文件的原文。"
        "压缩包的摘要写入日志，对方签收。",
        "The handbook is compiled from lists, guides, templates and rules in force. What is filed or handed over is one package: "
        "the handbook (PDF) and every paper in force as it was approved. Its digest is in the log, and the other side receives it.",
    ),
    "handover.handbook": Text("执法工作手册（PDF）", "Work handbook (PDF)"),
    "handover.what": Text("内容", "What"),
    "handover.from": Text("移交单位", "From"),
    "handover.to": Text("接收单位", "To"),
    "handover.justice": Text("司法行政部门", "the justice department"),
    "handover.sent": Text("移交", "Handed over"),
    "handover.receipt": Text("签收", "Receipt"),
    "handover.whole": Text("执法工作手册", "work handbook"),
    "handover.of_class": Text("{name}清单、流程和规则", "lists, steps and rules: {name}"),
    "handover.received": Text("{who}签收，日志条目 {index}", "received by {who}, log entry {index}"),
    "handover.waits": Text("待签收", "to be received"),
    "handover.none": Text("还没有报备或移交。", "Nothing was filed or handed over yet."),
    "handover.none.way_out": Text(
        "手册报司法行政部门备案；许可职能划转的，将该类资料移交行政审批部门。",
        "The handbook is filed with the justice department; where licensing moves, its papers go to the approval bureau.",
    ),
    "handover.one": Text("移交清单", "What was handed over"),
    "handover.package": Text("下载压缩包（ZIP）", "Download the package (ZIP)"),
    "handover.digest": Text("压缩包摘要（SHA-256）", "Digest of the package (SHA-256)"),
    "handover.whole_holds": Text("与日志条目 {index} 一致", "as the log says, entry {index}"),
    "handover.whole_broken": Text(
        "与日志条目 {index} 不一致：不是当时移交的", "not what entry {index} of the log says was handed over"
    ),
    "handover.papers": Text("移交的文件（{count} 份）", "Papers handed over ({count})"),
    "handover.no_papers": Text("没有另附文件，只有手册。", "The handbook alone; no papers beside it."),
    "handover.kind": Text("种类", "Kind"),
    "handover.paper": Text("名称", "Name"),
    "handover.version": Text("版本", "Version"),
    "handover.approved": Text("批准", "Approved"),
    "handover.entry": Text("日志条目", "Log entry"),
    "handover.sha256": Text("摘要（SHA-256）", "Digest (SHA-256)"),
    "handover.paper_broken": Text("原文与清单不符", "not what the list says"),
    "handover.do": Text("报备与移交", "File and hand over"),
    "handover.file": Text("将工作手册报司法行政部门备案", "File the handbook with the justice department"),
    "handover.send": Text("移交该类资料", "Hand over the class"),
    "action.see_handovers": Text("查看工作手册与移交", "see the handbook and what was handed over"),
    "action.hand_over": Text("报备与移交", "file and hand over"),
    "problem.handover_altered.title": Text("不是当时移交的内容", "This is not what was handed over"),
    "problem.handover_altered.text": Text(
        "保存的压缩包与日志不一致，手册不予显示。请运行 liuhen-server verify 核对。",
        "The package that is kept is not what the log says, so its handbook is not shown. Run liuhen-server verify.",
    ),
    "problem.no_such_handover.title": Text("没有这次移交", "There is no such hand-over"),
    "problem.no_such_handover.text": Text("请从列表中查找。", "Look for it in the list."),
}
