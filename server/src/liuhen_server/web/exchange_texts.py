"""The texts of bringing cases in and taking them out by sheet, in both languages."""

from liuhen_server.web.stay_texts import Text

__all__ = ["EXCHANGE_TEXTS"]

EXCHANGE_TEXTS: dict[str, Text] = {
    "exchange.title": Text("导入和导出案件", "Cases by sheet"),
    "exchange.import": Text("导入", "Import"),
    "exchange.import.text": Text(
        "先核对，再导入：核对时不改动任何案件，有错的行会一一指出。全部无误后才能导入，要么全部立案，要么一件也不立。",
        "First it is checked, and nothing is changed; each wrong row is named. Only a sheet without a mistake can be imported: all of it or nothing.",
    ),
    "exchange.template.xlsx": Text("下载模板（xlsx）", "Template (xlsx)"),
    "exchange.template.csv": Text("下载模板（CSV）", "Template (CSV)"),
    "exchange.file": Text("表格文件", "Sheet"),
    "exchange.file.hint": Text(
        "xlsx 或 CSV（UTF-8、GB18030），最多 {rows} 行、{mb} MB。不收带公式、宏或外部链接的表格。",
        "xlsx or CSV (UTF-8, GB18030), at most {rows} rows and {mb} MB. No formulas, macros or links to other files.",
    ),
    "exchange.check": Text("核对表格", "Check the sheet"),
    "exchange.columns": Text("各列怎么填", "What belongs into which column"),
    "exchange.column": Text("列", "Column"),
    "exchange.hint": Text("填写说明", "What belongs there"),
    "exchange.required": Text("必填", "required"),
    "exchange.row": Text("行", "Row"),
    "exchange.what": Text("问题和处理办法", "What is wrong, and what to do"),
    "exchange.refused": Text("表格未收：", "The sheet was not taken: "),
    "exchange.mistakes": Text("有 {count} 处问题，没有导入任何案件", "{count} mistakes; nothing was imported"),
    "exchange.mistakes.text": Text(
        "请在表格中改正下列各行，再核对一次。行号与表格软件所示一致。",
        "Put these rows right in the sheet and check it again. Rows are numbered as the spreadsheet does.",
    ),
    "exchange.ignored": Text(
        "下列各列只用于导出，导入时没有读取：", "These columns are for export and were not read: "
    ),
    "exchange.ready": Text("核对无误，可立案 {count} 件", "No mistake: {count} cases can be opened"),
    "exchange.ready.text": Text("文件：{name}。尚未导入。", "File: {name}. Nothing is imported yet."),
    "exchange.next_number": Text("顺编", "the next one"),
    "exchange.more": Text("另有 {count} 行未列出。", "{count} more rows are not shown."),
    "exchange.do": Text("导入 {count} 件", "Import {count} cases"),
    "exchange.leave": Text("不导入", "Leave it"),
    "exchange.done": Text("已立案 {count} 件", "{count} cases were opened"),
    "exchange.done.text": Text("{first} 至 {last}。", "{first} to {last}."),
    "exchange.done.see": Text("查看案件", "See the cases"),
    "exchange.export": Text("导出", "Export"),
    "exchange.export.text": Text(
        "导出您能查看的全部案件。要只导出一部分，请在案件列表中筛选后点“导出”。每次导出都记入日志。",
        "All cases that you may see. For some of them, filter the list of cases and export from there. Each export is an entry of the log.",
    ),
    "exchange.export.xlsx": Text("导出 xlsx", "Export xlsx"),
    "exchange.export.csv": Text("导出 CSV", "Export CSV"),
    "cases.export": Text("导出筛选出的案件：", "Export these cases: "),
    "audit.exported": Text("导出案件 {found} 件（{form}）", "exported {found} cases ({form})"),
    "kind.cases.exported": Text("导出案件", "exports of cases"),
    "problem.no_such_import.title": Text("没有这次导入", "There is no such import"),
    "problem.no_such_import.text": Text(
        "它已经完成，或已被您后来核对的表格取代。请重新核对表格。没有改动任何案件。",
        "It is done already, or a sheet that you checked later took its place. Check the sheet again. No case was changed.",
    ),
    "problem.too_many_cases.title": Text("案件过多，一次导不完", "Too many cases for one export"),
    "problem.too_many_cases.text": Text(
        "一次最多导出 20000 件。请先在案件列表中按类别、环节或案号筛选。",
        "One export holds at most 20,000. Filter the list of cases first, by class, stage or number.",
    ),
}
