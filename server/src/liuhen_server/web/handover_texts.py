"""The texts of the work handbook and of what is handed over, in both languages."""

from liuhen_server.web.stay_texts import Text

__all__ = ["HANDOVER_TEXTS"]

HANDOVER_TEXTS: dict[str, Text] = {
    "handover.title": Text("工作手册与移交", "Handbook and hand-over"),
    "handover.lead": Text(
        "工作手册由现行有效的清单和规则汇编。报备或移交时，PDF 的摘要写入日志，对方签收。",
        "The handbook is compiled from lists and rules in force. "
        "When it is filed or handed over, the PDF's digest is in the log, and the other side receives it.",
    ),
    "handover.handbook": Text("执法工作手册（PDF）", "Work handbook (PDF)"),
    "handover.what": Text("内容", "What"),
    "handover.from": Text("移交单位", "From"),
    "handover.to": Text("接收单位", "To"),
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
    "handover.do": Text("报备与移交", "File and hand over"),
    "handover.file": Text("将工作手册报司法行政部门备案", "File the handbook with the justice department"),
    "handover.send": Text("移交该类资料", "Hand over the class"),
    "action.see_handovers": Text("查看工作手册与移交", "see the handbook and what was handed over"),
    "action.hand_over": Text("报备与移交", "file and hand over"),
    "problem.no_such_handover.title": Text("没有这次移交", "There is no such hand-over"),
    "problem.no_such_handover.text": Text("请从列表中查找。", "Look for it in the list."),
}
