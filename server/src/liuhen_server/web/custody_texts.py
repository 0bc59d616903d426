"""The texts of the clip's custody: one event and its proof, and the recorder's clock, in both languages."""

from __future__ import annotations

from liuhen_server.web.stay_texts import Text

__all__ = ["CUSTODY_TEXTS"]

CUSTODY_TEXTS: dict[str, Text] = {
    "entry.logged": Text(
        "已收录：日志检查点含 {size} 条，证明如下",
        "In the log: its proof under the checkpoint of {size} entries is below",
    ),
    "entry.not_logged": Text(
        "日志检查点尚未收录，通常只需数秒", "No published checkpoint covers it yet; that takes seconds"
    ),
    "entry.source": Text("声明方", "Stated by"),
    "entry.time": Text("声明时间", "Stated at"),
    "entry.clock": Text("声明方的时钟", "By the clock"),
    "entry.clock.detail": Text("{source}，±{milliseconds} 毫秒", "{source}, ±{milliseconds} ms"),
    "entry.place": Text("链条位置", "Place in its chain"),
    "entry.signer": Text("签名公钥", "Signed by the key"),
    "entry.statement": Text("声明内容", "What it says"),
    "entry.envelope": Text("签名信封", "The signed envelope"),
    "entry.envelope.text": Text(
        "签名覆盖信封中的声明字节，日志收录的就是这些字节。",
        "The signature covers the statement's bytes in it; these very bytes are in the log.",
    ),
    "entry.proof": Text("日志收录证明", "The proof of inclusion"),
    "entry.proof.text": Text(
        "C2SP tlog-proof 格式，任何人都可用策略核对。",
        "In the C2SP tlog-proof format: anyone can check it with the policy.",
    ),
    "problem.not_proven_yet.title": Text("日志检查点尚未收录此条", "No published checkpoint covers this entry yet"),
    "problem.not_proven_yet.text": Text("通常只需数秒，请稍后再试。", "That takes seconds. Try again in a moment."),
    "clock.title": Text("记录仪时钟（校准前读取）", "Recorder's clock, read before it was set"),
    "clock.unknown": Text("没有读到", "not read"),
    "clock.exact": Text("与采集站一致", "as the dock's"),
    "clock.slow": Text("慢 {seconds} 秒", "{seconds} s slow"),
    "clock.fast": Text("快 {seconds} 秒", "{seconds} s fast"),
    "clock.by": Text(
        "（采集站时钟 {source}，±{milliseconds} 毫秒）", " (by the dock's clock: {source}, ±{milliseconds} ms)"
    ),
    "clock.by_none": Text(
        "（以采集站时钟为准，当时未同步，仅供参考）",
        " (by the dock's clock, for which nothing vouched then: a hint only)",
    ),
    "clock.corrected": Text("按采集站时钟约为 {time}", "about {time} by the dock's clock"),
    "event.clip.linked": Text("关联案件", "Linked to a case"),
    "event.gap": Text("编号缺口", "Numbers missing"),
    "event.gap.detail": Text(
        "记录仪上本文件之前缺 {count} 个编号（上一个文件是 {after}）：可能从未存在，也可能已被删除或覆盖",
        "before this file the recorder's numbering lacks {count} (the file before is {after}): never there, deleted or overwritten",
    ),
    "event.clip.linked.detail": Text("{case}，{by}", "{case}, {by}"),
    "event.clip.unlinked": Text("解除关联", "Unlinked"),
    "event.clip.unlinked.detail": Text("{case}，{by}", "{case}, {by}"),
    "event.clip.marked": Text("标记", "Marked"),
    "event.clip.marked.detail": Text("{kind}，{place}，{by}", "{kind}, {place}, {by}"),
    "mark.kind.moment": Text("要点", "moment"),
    "mark.kind.break": Text("中断", "break"),
    "mark.kind.note": Text("说明", "note"),
    "mark.whole": Text("整段", "all of it"),
    "marks.title": Text("标记与说明", "Marks and notes"),
    "marks.text": Text(
        "内容存在数据库中，日志只收录其校验值。写下后不能改，可以再写一条。",
        "The words are kept in the database, the log holds their digest. Nothing written is changed; write another.",
    ),
    "marks.none": Text("还没有标记。", "Nothing is marked yet."),
    "marks.gone": Text("内容已按规定处置", "the words were disposed of"),
    "marks.kind": Text("类别", "Kind"),
    "marks.at": Text("位置（如 12:05）", "Place (such as 12:05)"),
    "marks.at.hint": Text(
        "留空表示整段；播放时按 M 键填入当前位置", "Empty means all of it; M fills in where the film stands"
    ),
    "marks.words": Text("内容", "Words"),
    "marks.do": Text("写入", "Write it down"),
    "problem.mark_at.title": Text("位置的写法不对", "That is no place in a film"),
    "problem.mark_at.text": Text(
        "没有写入。位置写成 12:05，留空表示整段。用浏览器的返回键可找回所填内容。",
        "Nothing was written. A place is written 12:05; empty means all of it. Your browser's way back keeps what you typed.",
    ),
    "problem.mark_words.title": Text("请写明内容", "Say something of it"),
    "problem.mark_words.text": Text(
        "没有写入。内容须为 1 至 2000 字，不含控制字符。用浏览器的返回键可找回所填内容。",
        "Nothing was written. It takes 1 to 2,000 characters. Your browser's way back keeps what you typed.",
    ),
    "film.layer.marks": Text("标记", "Marks"),
    "place.title": Text("位置", "Position"),
    "place.none": Text("没有位置数据", "no source of positions"),
}
