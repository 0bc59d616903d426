"""The texts of the page about the working-day calendar, in both languages."""

from liuhen_server.web.stay_texts import Text

__all__ = ["CALENDAR_TEXTS"]

CALENDAR_TEXTS = {
    "nav.calendar": Text("工作日", "Calendar"),
    "calendar.title": Text("工作日日历", "Working days"),
    "calendar.lead": Text(
        "以工作日计算的期限，按国务院办公厅每年的节假日安排通知计算；没有通知的年份暂按周一至周五计算，并标明“暂定”。",
        "Terms in working days follow the State Council's yearly notice; a year without one is counted as Monday to Friday and says "
        "“provisional”.",
    ),
    "calendar.year": Text("年份", "Year"),
    "calendar.source": Text("依据", "Source"),
    "calendar.number": Text("通知文号", "Number of the notice"),
    "calendar.number.hint": Text("如 国办发明电〔2025〕7号", "as the notice itself has it"),
    "calendar.is.loaded": Text("已载入通知", "notice loaded"),
    "calendar.is.carried": Text("程序自带（公开通知）", "carried by the programme (public notice)"),
    "calendar.is.unknown": Text("暂定：周一至周五", "provisional: Monday to Friday"),
    "calendar.loaded": Text("载入", "Loaded"),
    "calendar.loaded.line": Text("第 {version} 版，{by}，{time}，", "version {version}, {by}, {time}, "),
    "calendar.entry": Text("日志条目 {index}", "log entry {index}"),
    "calendar.days": Text("放假与调休", "Days off and days worked"),
    "calendar.load": Text("载入一年的通知", "Load a year's notice"),
    "calendar.load.text": Text(
        "只列与平常不同的日子：放假的工作日写“休”，上班的周六、周日写“班”。可上传表格（xlsx、CSV：第一列日期，第二列休或班），"
        "也可直接填写。先试算，核对后再生效。",
        "Only what differs from an ordinary week: a weekday off is “off”, a Saturday or Sunday that is worked “worked”. Send a sheet "
        "(xlsx, CSV: the day, then off or worked) or type it. It is tried out first and in force only once you say so.",
    ),
    "calendar.file": Text("表格", "Sheet"),
    "calendar.file.hint": Text(
        "选了表格，就不读下面填写的内容；不超过 {most} 行", "Goes before what is typed; at most {most} rows"
    ),
    "calendar.table": Text("逐日填写", "Day by day"),
    "calendar.table.hint": Text("每行一天，如 2027-02-06 休", "one day a line, such as 2027-02-06 off"),
    "calendar.check": Text("试算", "Try out"),
    "calendar.tried": Text(
        "{year} 年：列出 {rows} 天，全年 {count} 个工作日。尚未生效。",
        "{year}: {rows} days listed, {count} working days in the year. Not in force yet.",
    ),
    "calendar.against": Text(
        "与现行日历不同的日子（{count} 天）", "Days on which the calendar in force says otherwise ({count})"
    ),
    "calendar.against.none": Text("与现行日历没有不同。", "Nothing differs from the calendar in force."),
    "calendar.was_unknown": Text(
        "该年此前没有依据；生效后，各处期限不再标“暂定”。",
        "The year had no notice so far; terms in it are no longer provisional once this is in force.",
    ),
    "calendar.doubt": Text("请再核对", "Look again"),
    "calendar.off": Text("休", "off"),
    "calendar.worked": Text("班", "worked"),
    "calendar.do": Text("生效", "Put in force"),
    "calendar.replaces": Text("将取代第 {version} 版", "replaces version {version}"),
    "action.see_calendar": Text("查看工作日日历", "see the calendar"),
    "action.keep_calendar": Text("载入节假日通知", "load notices of days off"),
}
