"""The texts of document templates, in both languages."""

from liuhen_server.web.stay_texts import Text

__all__ = ["TEMPLATE_TEXTS"]

TEMPLATE_TEXTS: dict[str, Text] = {
    "template.title": Text("文书模板", "Document templates"),
    "template.lead": Text(
        "DOCX 模板中的字段由案件填入，记录与文书一致；生成的文书即时入卷，摘要写入日志。含宏、外部链接或嵌入对象的模板不收。",
        "Fields of a DOCX are filled from the case, so that record and document agree; the result is in the case file at once, its digest in the log. "
        "A template with macros, outside links or embedded objects is not taken.",
    ),
    "template.none": Text("还没有文书模板。", "There is no template yet."),
    "template.none.way_out": Text(
        "负责人或法制审核人上传后，承办人即可使用。", "A head or reviewer brings one; handlers use it."
    ),
    "template.what": Text("文书", "Document"),
    "template.file": Text("模板文件（DOCX）", "File (DOCX)"),
    "template.keep": Text("上传模板", "Bring a template"),
    "template.fields": Text("可用字段", "Fields"),
    "template.fill": Text("由模板生成文书", "Fill a document"),
    "template.fill.lead": Text(
        "字段由本案填入，生成的文书直接入卷；需要修改的，下载后改好再上传新版本。",
        "Fields are filled from this case; the document is in its file at once. To change it, download it and bring a new version.",
    ),
    "action.see_templates": Text("查看文书模板", "see document templates"),
    "action.keep_templates": Text("维护文书模板", "keep document templates"),
    "problem.no_such_template.title": Text("没有这份模板", "There is no such template"),
    "problem.no_such_template.text": Text("请从列表中选择。", "Choose one of the list."),
}
