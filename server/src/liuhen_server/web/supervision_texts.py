"""The texts of oversight, in both languages."""

from liuhen_server.web.stay_texts import Text

__all__ = ["SUPERVISION_TEXTS"]

SUPERVISION_TEXTS: dict[str, Text] = {
    "nav.supervision": Text("监督", "Oversight"),
    "supervision.title": Text("执法监督", "Oversight"),
    "supervision.lead": Text(
        "各执法主体逐项状态，由清单、人员、案件和日志直接读出，无须另行报表。点开即见依据。",
        "How every agency stands, item by item: read off lists, people, cases and the log. Nobody is asked for a table. Each square opens what it rests on.",
    ),
    "supervision.legend": Text(
        "● 已有或符合　▲ 待完成　■ 已逾期或没有。日期为工作方案所定期限。",
        "● there, or as it should be · ▲ to be done · ■ over its day, or none at all. Days are those of the county's plan.",
    ),
    "supervision.missing.undecided": Text("待完成", "to do"),
    "supervision.missing.broken": Text("没有", "none"),
    "supervision.source": Text("依据", "Source"),
    "supervision.by": Text("期限（月-日）", "By (month-day)"),
    "supervision.inactive": Text(
        "该主体已不再执法，历史记录保留。", "This agency enforces no longer; its history stays."
    ),
    "supervision.entry": Text("日志条目 {index}", "log entry {index}"),
    "supervision.words": Text("内容", "Words"),
    "supervision.end": Text("终止", "End"),
    "supervision.members": Text("协调机制成员", "Members of the coordination"),
    "supervision.members.none": Text("还没有登记成员单位。", "No member is written down yet."),
    "supervision.opinions": Text("监督意见", "Supervision opinions"),
    "supervision.opinions.none": Text("没有监督意见。", "There is none."),
    "supervision.opinion": Text("第 {number} 号监督意见", "Opinion {number}"),
    "supervision.opinion.new": Text("提出监督意见", "Give an opinion"),
    "supervision.about": Text("所涉案件或抽查（可不填）", "About a case or a check (may be empty)"),
    "supervision.due": Text("答复期限", "To be answered by"),
    "supervision.open": Text("待答复，期限 {day}", "to be answered by {day}"),
    "supervision.overdue": Text("逾期未答复，期限 {day}", "not answered by {day}"),
    "supervision.answered": Text("已答复，待审查", "answered, to be looked at"),
    "supervision.closed": Text("已办结", "closed"),
    "supervision.answer": Text("答复", "Answer"),
    "supervision.accept": Text("认可答复，办结", "Take the answer"),
    "supervision.return": Text("退回，重新答复", "Return it"),
    "supervision.step.answered": Text("答复", "Answer"),
    "supervision.step.accepted": Text("认可", "Taken"),
    "supervision.step.returned": Text("退回", "Returned"),
    "supervision.checks": Text("随机抽查", "Spot checks"),
    "supervision.checks.none": Text("还没有抽查。", "There was none yet."),
    "supervision.check": Text("第 {number} 号抽查", "Spot check {number}"),
    "supervision.check.of": Text("从 {count} 件中抽取 {sample} 件", "{sample} of {count}"),
    "supervision.check.of.one": Text("从 {count} 件中抽取 {sample} 件", "{sample} of {count}"),
    "supervision.check.from": Text("立案日期自", "Opened from"),
    "supervision.check.until": Text("至", "to"),
    "supervision.check.sample": Text("抽取件数", "How many"),
    "supervision.check.announce": Text("公布抽查范围", "Announce"),
    "supervision.check.waits": Text("待抽取", "to be drawn"),
    "supervision.check.waits_for": Text(
        "日志再增加 {count} 条后确定种子", "the seed is fixed once the log has {count} entries more"
    ),
    "supervision.check.waits_for.one": Text(
        "日志再增加 {count} 条后确定种子", "the seed is fixed once the log has {count} entry more"
    ),
    "supervision.check.drawn": Text("已抽取", "drawn"),
    "supervision.check.draw": Text("抽取", "Draw"),
    "supervision.check.lead": Text(
        "抽查范围和件数先写入日志（第 {index} 条）；种子是日志恰有 {size} 条时的树根，公布范围时无人知道。任何人都可用公开的日志重新抽取核对。",
        "What can be drawn, and how many, is entry {index} of the log. "
        "The seed is the root of the log at exactly {size} entries, which nobody knew then. Anybody can draw again from the public log.",
    ),
    "supervision.check.verified": Text("抽取结果核对无误", "Drawn again: the same cases"),
    "supervision.check.verified.text": Text(
        "打开本页时已按日志 {size} 条处的树根重新抽取，结果一致。",
        "This page drew again by the root at {size} entries as it was opened.",
    ),
    "supervision.check.refused": Text(
        "抽取结果与日志不符（{what}）", "The drawing does not agree with the log ({what})"
    ),
    "supervision.check.root": Text("种子（树根）", "Seed (root)"),
    "supervision.check.population": Text("抽查范围摘要", "Digest of what could be drawn"),
    "supervision.check.cases": Text("抽取结果摘要", "Digest of what was drawn"),
    "supervision.self": Text("自查报告", "Self-inspection reports"),
    "supervision.self.none": Text("还没有自查报告。", "There is none yet."),
    "supervision.self.new": Text("报送自查报告", "File a report"),
    "supervision.filed": Text("待签收", "filed"),
    "supervision.received": Text("{who}已签收", "received by {who}"),
    "supervision.receive": Text("签收", "Receive"),
    "supervision.records": Text("责任人、法律顾问和培训", "Responsible persons, counsel, training"),
    "supervision.records.none": Text("还没有登记。", "Nothing is written down yet."),
    "supervision.record.kind": Text("种类", "Kind"),
    "supervision.record.name": Text("姓名或单位", "Name"),
    "supervision.record.what": Text("内容", "What"),
    "supervision.record.day": Text("日期", "Day"),
    "supervision.record.hours": Text("学时", "Hours"),
    "supervision.record.add": Text("登记", "Write down"),
    "action.see_supervision": Text("查看执法监督", "see oversight"),
    "action.supervise": Text("开展执法监督", "oversee agencies"),
    "action.answer_supervision": Text("答复监督、报送自查", "answer oversight"),
    "problem.no_such_check.title": Text("没有这次抽查", "There is no such check"),
    "problem.no_such_check.text": Text("请从执法主体的监督页查找。", "Look for it on the agency's page."),
    "problem.no_such_opinion.title": Text("没有这份监督意见", "There is no such opinion"),
    "problem.no_such_opinion.text": Text("请从执法主体的监督页查找。", "Look for it on the agency's page."),
    "problem.no_such_self_report.title": Text("没有这份自查报告", "There is no such report"),
    "problem.no_such_self_report.text": Text("请从执法主体的监督页查找。", "Look for it on the agency's page."),
    "problem.not_written_down.title": Text("没有登记", "It was not written down"),
    "problem.not_written_down.text": Text("请核对姓名和日期。", "Look at name and day."),
}
