"""The texts of the page of what has to be done, in both languages."""

from liuhen_server.web.stay_texts import Text

__all__ = ["TODO_TEXTS"]

TODO_TEXTS = {
    "nav.todo": Text("待办", "To do"),
    "todo.title": Text("待办", "To do"),
    "todo.own": Text("由您办理（{count} 项）", "Yours ({count})"),
    "todo.own.none": Text("没有待您办理的事项。", "Nothing waits for you."),
    "todo.own.none.way_out": Text(
        "文书、审核、公示的期限一开始计算，就会列在这里。",
        "As soon as a term begins to run, of a document, a review or a publication, it stands here.",
    ),
    "todo.agency": Text("本单位逾期（{count} 项）", "Overdue in the agency ({count})"),
    "todo.agency.none": Text("本单位没有其他逾期事项。", "Nothing else is overdue in the agency."),
    "todo.all": Text("各执法主体逾期（{count} 项）", "Overdue in all agencies ({count})"),
    "todo.all.none": Text("各执法主体没有逾期事项。", "Nothing is overdue in any agency."),
    "todo.shown": Text("列出其中最紧急的 {count} 项。", "The {count} most urgent are shown."),
    "todo.what": Text("事项", "What"),
    "todo.about": Text("案件或对象", "Case or thing"),
    "todo.left": Text("期限", "Term"),
    "todo.source": Text("依据", "Source"),
    "todo.who": Text("责任", "Who"),
    "todo.counts": Text("逾期 {overdue} 项，今日到期 {today} 项。", "{overdue} overdue, {today} due today."),
    "todo.unknown": Text(
        "{years} 年的节假日安排通知尚未载入，涉及该年的期限暂按周一至周五计算。",
        "There is no notice of days off for {years} yet: terms that reach into it are counted Monday to Friday.",
    ),
    "todo.calendar": Text("工作日日历", "Working days"),
    "own.email": Text("提醒", "Reminders"),
    "own.email.text": Text(
        "工作日早上，有事项将到期或逾期时，证据库发一封邮件，只写几项到期和页面地址（是否写案号由管理员设定）。",
        "On the morning of a working day on which something runs out or is overdue, the archive sends one mail: how many things, and "
        "the address of the page (whether with case numbers, the administrator decides).",
    ),
    "own.email.address": Text("邮箱", "E-mail address"),
    "own.email.hint": Text(
        "留空即不发邮件。只有您本人能修改，不显示给他人。", "Empty: none. Only you change it; nobody else sees it."
    ),
    "own.email.do": Text("保存", "Save"),
    "own.wrong_email": Text("这不是邮箱地址", "That is no e-mail address"),
    "own.wrong_email.way_out": Text(
        "没有改变。请写成 name@example.cn 的形式。", "Nothing was changed. Write it as name@example.cn."
    ),
    "changed.email": Text("设置提醒邮箱", "address for reminders"),
    "todo.of_agency": Text("按执法主体查看", "By agency"),
    "action.see_deadlines": Text("查看待办", "see what has to be done"),
}
