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
    "clock.corrected": Text("按采集站时钟约为 {time}", "about {time} by the dock's clock"),
    "place.title": Text("位置", "Position"),
    "place.none": Text("没有位置数据", "no source of positions"),
}
