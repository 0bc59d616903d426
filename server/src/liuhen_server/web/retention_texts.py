"""The texts of retention, holds, disposal and coverage over time, in both languages."""

from liuhen_server.web.stay_texts import Text

__all__ = ["RETENTION_TEXTS"]

RETENTION_TEXTS: dict[str, Text] = {
    "nav.retention": Text("保存与处置", "Retention"),
    "colon": Text("：", ": "),
    "retention.title": Text("保存与处置", "Retention and disposal"),
    "retention.lead": Text(
        "保存期限已满的音像记录由一人编制待处置清单，另一人批准后才处置。暂停处置的一律保留。",
        "One person draws a list of clips whose terms have ended; another approves it before anything goes. What is held stays.",
    ),
    # --- disposal lists
    "disposal.lists": Text("待处置清单", "Disposal lists"),
    "disposal.list": Text("清单", "List"),
    "disposal.number": Text("第 {number} 号处置清单", "Disposal list {number}"),
    "disposal.draw": Text("编制待处置清单", "Draw a disposal list"),
    "disposal.none": Text("还没有处置清单。", "There is no disposal list yet."),
    "disposal.none.way_out": Text(
        "编制清单时，系统列出保存期限已满、未暂停处置的音像记录。",
        "A list is drawn of the clips whose terms have ended and which nothing holds.",
    ),
    "disposal.first": Text("编制人", "Drawn by"),
    "disposal.second": Text("批准人", "Approved by"),
    "disposal.withdrawn_by": Text("撤回人", "Withdrawn by"),
    "disposal.count": Text("段数与大小", "Clips and size"),
    "disposal.logged": Text("日志条目", "In the log"),
    "disposal.term": Text("期限届满日", "Term ended"),
    "disposal.why": Text("期限依据", "By"),
    "disposal.is.drawn": Text("待第二人批准", "waits for a second person"),
    "disposal.is.approved": Text("已批准处置", "approved"),
    "disposal.is.withdrawn": Text("已撤回", "withdrawn"),
    "disposal.row.listed": Text("待处置", "listed"),
    "disposal.row.disposed": Text("已处置", "disposed of"),
    "disposal.row.taken_off": Text("已移出：{why}", "taken off: {why}"),
    "disposal.approve": Text("批准处置", "Approve the disposal"),
    "disposal.approve.own": Text(
        "您编制了这份清单，须由另一人批准。", "You drew this list: another person approves it."
    ),
    "disposal.approve.text": Text(
        "批准时逐段重新核对期限、关联和暂停处置。处置声明先写入日志并经见证，之后才清除字节，不能恢复。",
        "Terms, links and holds are looked at again for each clip. The tombstones are in the log and witnessed before a byte goes; nothing brings it back.",
    ),
    "disposal.withdraw": Text("撤回清单", "Withdraw the list"),
    "disposed.mark": Text("已处置", "Disposed of"),
    "disposed.sentence": Text(
        "本文件已于 {time} 依第 {list} 号处置清单处置：{first}编制，{second}批准，保存期限至 {term} 届满。",
        "This file was disposed of at {time} under disposal list {list}, drawn by {first} and approved by {second}; its term ended on {term}.",
    ),
    "disposed.removed": Text("字节已于 {time} 清除。", "Its bytes were removed at {time}."),
    "disposed.removing": Text(
        "字节不再显示，待处置声明经见证后清除。",
        "Its bytes are shown to nobody; they go as soon as the tombstone is witnessed.",
    ),
    "disposed.kept": Text(
        "采集、入库、处置的声明都在日志中，下载证明即可核验。持有原件副本的人仍可用证明核对。",
        "That it was collected, stored and disposed of is in the log, and the proofs say so. Whoever holds a copy can still check it.",
    ),
    "disposed.list": Text("查看处置清单", "See the list"),
    # --- terms
    "term.title": Text("保存期限", "Kept until"),
    "term.ends": Text("保存至 {day}（{why}）", "until {day} ({why})"),
    "term.over": Text(
        "期限已于 {day} 届满（{why}），可列入待处置清单",
        "its term ended on {day} ({why}); it can be put on a disposal list",
    ),
    "term.no_end": Text("保存期限未定：{why}", "no end: {why}"),
    "term.why.unlinked": Text("未关联案件", "it belongs to no case"),
    "term.why.open_case": Text("案件未归档", "its case is open"),
    "term.why.file": Text("随案卷保存", "kept as long as the file"),
    "term.why.permanent": Text("永久保存", "kept for ever"),
    "term.why.held": Text("暂停处置", "held"),
    "terms.title": Text("保存期限表", "Terms of retention"),
    "terms.lead": Text(
        "未关联案件的音像记录至少保存 {days} 天；案卷归档后至少保存 {years} 年，未另定的保存 {usual} 年；行政强制永久保存。期限表只能延长，不能低于下限。",
        "A clip of no case is kept {days} days at the least; a file {years} years after it is archived, {usual} where nothing else is said; "
        "coercion for ever. A table can lengthen terms, never cut them below that.",
    ),
    "terms.draft": Text("拟新版期限表", "Draft a new version"),
    "terms.none": Text(
        "还没有自定的期限表，按下限和通用期限保存。",
        "There is no table of your own: the floors and the usual terms hold.",
    ),
    "terms.none.way_out": Text("拟定后由另一位负责人批准。", "Draft one; another head approves it."),
    "terms.unlinked": Text("未关联案件的保存天数", "Days for what is of no case"),
    "terms.item": Text("清单序号", "Item of the list"),
    "terms.years": Text("归档后保存", "After archiving"),
    "terms.ever": Text("永久", "for ever"),
    "terms.of_years": Text("{count} 年", "{count} years"),
    "terms.of_days": Text("{count} 天", "{count} days"),
    "terms.whole_class": Text("全类别", "the whole class"),
    "terms.no_rows": Text("没有另定的类别。", "No class has a term of its own."),
    "terms.hint": Text(
        "序号留空表示整个类别。同一音像记录有几个期限时取最长的。",
        "An empty item means the whole class. Where several terms apply to a clip, the longest counts.",
    ),
    # --- holds
    "hold": Text("暂停处置", "Hold"),
    "hold.title": Text("保存与暂停处置", "Retention and holds"),
    "hold.what": Text("对象", "What"),
    "hold.clip": Text("音像记录", "clip"),
    "hold.ground": Text("事由", "Ground"),
    "hold.until": Text("截止日", "Until"),
    "hold.until.hint": Text(
        "用作证据、妨碍执法、重大事件、复议诉讼的永久保存，不填截止日；其他可留空",
        "Leave it empty for evidence, obstruction, major incidents and litigation, which are kept for ever",
    ),
    "hold.no_end": Text("至解除为止", "until released"),
    "hold.by": Text("设置人", "By"),
    "hold.do": Text("暂停处置", "Hold it"),
    "hold.release": Text("解除", "Release"),
    "hold.back": Text("返回", "Back"),
    "hold.line": Text("{ground}，{until}，{by}", "{ground}, {until}, {by}"),
    "hold.line.until": Text("至 {day}", "until {day}"),
    "holds.now": Text("暂停处置中", "Held now"),
    "holds.ended": Text("已结束的暂停处置", "Holds that ended"),
    "holds.none": Text("没有暂停处置的案件或音像记录。", "Nothing is held."),
    "event.clip.held": Text("暂停处置", "Held"),
    "event.clip.held.detail": Text("{hold}，{by}", "{hold}, {by}"),
    "event.clip.released": Text("解除暂停处置", "Released"),
    "event.disposal.drawn": Text("列入待处置清单", "Put on a disposal list"),
    "event.disposal.drawn.detail": Text("{list}，{by}", "{list}, {by}"),
    "event.disposal.approved": Text("批准处置", "Disposal approved"),
    "event.clip.disposed": Text("处置", "Disposed of"),
    "event.clip.disposed.detail": Text(
        "{list}，{first}与{second}，期限至 {term}", "{list}, {first} and {second}, term ended {term}"
    ),
    # --- coverage over time
    "coverage.title": Text("记录覆盖率", "Coverage"),
    "coverage.lead": Text(
        "应有的音像记录中，已有、说明理由、缺少的各占多少。按立案月份统计，点数字查看案件。",
        "Of the recordings that cases must have: how many are there, excused or missing, by the month in which the case was opened. A figure opens its cases.",
    ),
    "coverage.agency": Text("执法主体", "Agency"),
    "coverage.month": Text("月份", "Month"),
    "coverage.cases": Text("案件", "Cases"),
    "coverage.required": Text("应有", "Required"),
    "coverage.present": Text("已有", "Present"),
    "coverage.excused": Text("说明理由", "Excused"),
    "coverage.missing": Text("缺少", "Missing"),
    "coverage.share": Text("覆盖率", "Coverage"),
    "coverage.chart": Text(
        "{agency}各月应有记录的构成：自下而上为已有、说明理由、缺少",
        "{agency}: required recordings by month; from below present, excused, missing",
    ),
    "coverage.bar": Text(
        "{month}：已有 {present}，说明理由 {excused}，缺少 {missing}",
        "{month}: {present} present, {excused} excused, {missing} missing",
    ),
    "coverage.none": Text("这段时间没有要求音像记录的案件。", "No case of this time had to have recordings."),
    "coverage.none.way_out": Text(
        "批准记录清单后立的案件才有要求。", "Cases opened after a recording list was approved have to."
    ),
    "coverage.behind": Text("{agency} {month}：{what}", "{agency}, {month}: {what}"),
    "coverage.what": Text("是哪些记录", "Which recordings"),
    "coverage.until": Text("截至 {month} 的 12 个月", "the 12 months up to {month}"),
    "coverage.earlier": Text("更早 12 个月", "12 months earlier"),
    "coverage.later": Text("更晚 12 个月", "12 months later"),
    # --- problems
    "problem.disposed.title": Text("这段音像记录已经处置", "This clip was disposed of"),
    "problem.disposed.text": Text(
        "两人依清单处置，字节不再提供。它的页面上有处置的时间、清单和证明。",
        "Two people disposed of it by a list; its bytes are given to nobody. Its page has when, by which list, and the proof.",
    ),
    "problem.no_such_hold.title": Text("没有这项暂停处置", "There is no such hold"),
    "problem.no_such_hold.text": Text("请从保存与处置页打开。", "Open it from the page of retention."),
    "action.see_retention": Text("查看保存与处置", "see holds and disposal lists"),
    "action.set_holds": Text("暂停处置", "set holds"),
    "action.release_holds": Text("解除暂停处置", "release holds"),
    "action.draw_disposal": Text("拟处置清单", "draw disposal lists"),
    "action.approve_disposal": Text("批准处置清单", "approve disposal lists"),
    "action.see_terms": Text("查看保存期限", "see retention terms"),
    "action.keep_terms": Text("维护保存期限", "keep retention terms"),
    "action.approve_terms": Text("批准保存期限", "approve retention terms"),
    "action.see_coverage": Text("查看记录覆盖情况", "see coverage"),
}
