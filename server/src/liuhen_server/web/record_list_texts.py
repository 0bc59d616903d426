"""The texts of a case's record list, in both languages."""

from liuhen_server.web.stay_texts import Text

__all__ = ["RECORD_LIST_TEXTS"]

RECORD_LIST_TEXTS: dict[str, Text] = {
    "record_list": Text("清单", "Record list"),
    "record_list.title": Text("全过程记录清单", "Record list of the whole process"),
    "record_list.pdf": Text("下载 PDF", "Download the PDF"),
    "record_list.counts": Text("合计", "In all"),
    "record_list.counted": Text(
        "文书 {papers} 份，音像 {clips} 段；缺 {missing} 项，已说明理由 {excused} 项",
        "{papers} documents, {clips} recordings; {missing} missing, {excused} excused",
    ),
    "record_list.number": Text("序号", "No."),
    "record_list.sort": Text("类别", "Kind"),
    "record_list.what": Text("事项", "What"),
    "record_list.file": Text("文件名称、依据或理由", "File, rule or reason"),
    "record_list.time": Text("时间", "Time"),
    "record_list.digest": Text("数字摘要（SHA-256）", "SHA-256"),
    "record_list.entry": Text("日志条目", "Log entry"),
    "record_list.state": Text("状态", "State"),
    "record_list.state.present": Text("在案", "there"),
    "record_list.state.missing": Text("缺", "missing"),
    "record_list.state.excused": Text("已说明理由", "excused"),
    "record_list.without": Text("没有文书、音像和缺项的环节：", "Stages with nothing in them and nothing missing: "),
    "record_list.text": Text(
        "数字摘要按文件全部字节计算，可用任何 SHA-256 工具核对。日志条目是入卷或关联时写入证据库日志的位置。"
        "文书的时间是文书上的日期，音像的时间是记录仪自己的时钟。",
        "Digests are over all bytes of a file; any SHA-256 tool checks them. A log entry is the place of the filing or linking in the archive's log. "
        "A document's time is the day on it, a recording's that of the recorder's own clock.",
    ),
    "record_list.made": Text("生成于 {time}", "made {time}"),
    "record_list.signed.handler": Text("承办人（签名）：", "Handler (signed):"),
    "record_list.signed.reviewer": Text("审核人（签名）：", "Reviewer (signed):"),
    "record_list.signed.day": Text("日期：", "Day:"),
    "problem.no_font.title": Text("服务器没有中文字体，不能生成 PDF", "This server has no Chinese font for a PDF"),
    "problem.no_font.text": Text(
        "请系统管理员安装 Debian 软件包 fonts-noto-cjk。清单页面可以直接打印。",
        "Ask the system administrator to install Debian's fonts-noto-cjk. The page of the list can be printed as it is.",
    ),
}
