"""The texts of the annual tables, in both languages."""

from liuhen_server.web.stay_texts import Text

__all__ = ["STATISTICS_TEXTS"]

STATISTICS_TEXTS: dict[str, Text] = {
    "nav.statistics": Text("统计年报", "Statistics"),
    "statistics.title": Text("行政执法统计年报", "Annual statistics"),
    "statistics.lead": Text(
        "数字由案件直接算出，点开即见所计案件。同一决定有多种处罚的，按最重的一种计一件；金额以决定书为准；年内被新决定替换的，只计新决定。",
        "Figures are counted from the cases themselves and open them. Several penalties in one decision count once, under the heaviest; money is "
        "what the decision says; of a decision that was replaced in the year its successor counts.",
    ),
    "statistics.of": Text("{year} 年", "{year}"),
    "statistics.all": Text("全县各执法主体", "all agencies"),
    "statistics.year": Text("年份", "Year"),
    "statistics.show": Text("查看", "Show"),
    "statistics.due": Text(
        "须于 {day} 前公开，并报县司法行政部门。", "To be published, and sent to the justice department, by {day}."
    ),
    "statistics.table": Text("表{number}", "Table {number}:"),
    "statistics.item": Text("项目", "Item"),
    "statistics.count": Text("数量（件）", "Number"),
    "statistics.money": Text("金额（万元）", "Amount (10,000 yuan)"),
    "statistics.day": Text("计入日期", "Counted on"),
    "statistics.chart.kinds": Text("行政处罚按种类", "Penalties by kind"),
    "statistics.chart.months": Text("各月数量", "By month"),
    "statistics.chart.most": Text("最多一月 {count} 件", "{count} in the highest month"),
    "statistics.listed": Text("{count} 件", "{count} listed"),
    "statistics.listed.one": Text("{count} 件", "{count} listed"),
    "statistics.most": Text("只列出最近的 {most} 件。", "The newest {most} are listed."),
    "statistics.cases.none": Text("没有计入的案件。", "No case is counted here."),
    "statistics.cases.none.way_out": Text("作出决定后自动计入。", "Decisions are counted as they are made."),
    "statistics.reports": Text("年报", "Reports"),
    "statistics.reports.none": Text("还没有编制年报。", "No report was drafted yet."),
    "statistics.draft": Text("编制 {year} 年年报", "Draft the report of {year}"),
    "statistics.report": Text("{year} 年行政执法统计年报", "Annual report of {year}"),
    "statistics.drawn": Text("统计于 {time}", "counted at {time}"),
    "statistics.signed": Text("{who}于 {day} 签发", "signed by {who} on {day}"),
    "statistics.signed.text": Text(
        "签发声明是日志第 {index} 条，载有全部数字和文字说明的摘要。此后不再改变，更正须另拟新版。",
        "The signature is entry {index} of the log, with the digest of all figures and words. It never changes; a correction is a new version.",
    ),
    "statistics.changed": Text(
        "统计之后有 {count} 项数字发生变化", "{count} figures have changed since they were counted"
    ),
    "statistics.changed.one": Text(
        "统计之后有 {count} 项数字发生变化", "{count} figure has changed since it was counted"
    ),
    "statistics.changed.money": Text("，{before} → {after} 万元", ", {before} → {after} (10,000 yuan)"),
    "statistics.words": Text("文字说明", "In words"),
    "statistics.words.hint": Text(
        "本年度行政执法总体情况：机构和人员、主要做法、存在问题、下一步安排。",
        "The year in words: bodies and people, what was done, what was not, what comes next.",
    ),
    "statistics.words.none": Text("未填写。", "Nothing was written."),
    "statistics.recount": Text("重新统计", "Count anew"),
    "statistics.xlsx": Text("下载报表（xlsx）", "The tables (xlsx)"),
    "statistics.public": Text("公示", "Publicity"),
    "statistics.public.due": Text("须于 {day} 前公布", "to be public by {day}"),
    "statistics.public.collect": Text("送交公示", "Hand to publicity"),
    "statistics.public.who": Text(
        "由承办人或档案管理员送交，再经审核、发布。",
        "A handler or archivist hands it over; two others review and publish.",
    ),
    "statistics.sign": Text("签发年报", "Sign the report"),
    "statistics.sign.own": Text(
        "您保存了这份年报，须由另一位负责人签发。", "You saved this report: another person signs it."
    ),
    "statistics.sign.not_over": Text("年度结束后才能签发。", "It is signed once the year is over."),
    "action.see_statistics": Text("查看统计年报", "see the annual statistics"),
    "action.keep_statistics": Text("编制统计年报", "draft annual reports"),
    "action.sign_statistics": Text("签发统计年报", "sign annual reports"),
    "problem.no_such_report.title": Text("没有这份年报", "There is no such report"),
    "problem.no_such_report.text": Text("请从列表中查找。", "Look for it in the list."),
    "problem.no_such_figure.title": Text("没有这项数字", "There is no such figure"),
    "problem.no_such_figure.text": Text("请从统计表中点开。", "Open it from the tables."),
    "problem.no_such_year.title": Text("不能统计这一年", "This year cannot be counted"),
    "problem.no_such_year.text": Text("请从列表中选择年份。", "Choose a year of the list."),
}
