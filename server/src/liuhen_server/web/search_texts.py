"""The texts of the search box and of what it finds, in both languages."""

from liuhen_server.web.stay_texts import Text

__all__ = ["SEARCH_TEXTS"]

SEARCH_TEXTS: dict[str, Text] = {
    "search.title": Text("检索", "Search"),
    "search.of": Text("检索“{asked}”", "Search for “{asked}”"),
    "search.box": Text("检索（按 / 键）", "Search (press /)"),
    "search.hint": Text("案号、文件名、证号、日期、摘要", "Case, file, officer, date, digest"),
    "search.do": Text("检索", "Search"),
    "search.kind": Text("类别", "Kind"),
    "search.kind.clip": Text("音像记录", "Clips"),
    "search.kind.case": Text("案件", "Cases"),
    "search.kind.recorder": Text("记录仪", "Recorders"),
    "search.kind.stay": Text("记录仪入仓", "Recorder stays"),
    "search.kind.officer": Text("执法人员", "Officers"),
    "search.kind.mark": Text("标记与说明", "Marks and notes"),
    "search.words": Text("内容", "Words"),
    "search.first": Text("从", "From"),
    "search.last": Text("到", "To"),
    "search.count": Text("{count} 条", "{count} found"),
    "search.all_of_kind": Text("只看{kind}", "only {kind}"),
    "search.newest": Text("回到最新", "Newest"),
    "search.stay": Text(
        "{recorder} 号记录仪，采集站 {dock}，槽位 {bay}", "Recorder {recorder}, dock {dock}, bay {bay}"
    ),
    "search.digest": Text("SHA-256", "SHA-256"),
    "search.empty": Text("请输入要找的内容。", "Type what you are looking for."),
    "search.empty.way_out": Text(
        "可用案号、当事人、文件名、执法人员姓名或证号、标记与说明的内容、"
        "记录仪编号、采集站、执法主体、日期（如 2026-11-20）或摘要开头 8 位以上。汉字可只输入其中一部分。",
        "A case number or party, a file name, officer, words of a mark or note, recorder,"
        " dock, agency, date (2026-11-20) or the first 8 digits or more of a digest. "
        "Any part of a Chinese word is enough.",
    ),
    "search.none": Text("没有找到。", "Nothing was found."),
    "search.none.way_out": Text(
        "请少输入几个词，或放宽筛选条件。空格隔开的各部分须同时出现；只能找到您有权查看的内容。",
        "Ask with fewer words or filters. All parts between blanks must be there; only what you may see is found.",
    ),
    "search.behind": Text("索引正在建立。", "The index is still being made."),
    "search.behind.text": Text(
        "日志中还有 {count} 条尚未编入，结果可能不全。请稍后再试。",
        "{count} entries of the log are not in it yet; something may be missing. Try again in a moment.",
    ),
}
