"""What the player says, in both languages, and the words that its script is given."""

from __future__ import annotations

from liuhen_protocol.words import CODES
from liuhen_server.web.stay_texts import Text

__all__ = ["FILM_TEXTS", "script_words"]

_SCRIPT = {
    "film.checking": Text("正在核对声明、签名和日志……", "Checking statements, signatures and the log …"),
    "film.signed": Text(
        "声明与签名成立：收录于含 {size} 条的日志检查点，{witnesses} 个见证方联署。播放的每一块都先在本浏览器中核验。",
        "Statements and signatures hold: in the log under the checkpoint of {size} entries, cosigned by {witnesses} "
        "witnesses. This browser checks each piece before it is played.",
    ),
    "film.progress": Text(
        "已核验 {held} / {all} 块（每块 1 MiB）", "{held} of {all} pieces (1 MiB each) checked and good"
    ),
    "film.broken": Text(
        "{ranges} 处的字节与采集站签名的不一致，播放到该处即停止。",
        "The bytes at {ranges} are not those that the dock signed; playing stops there.",
    ),
    "film.stopped": Text(
        "播放停在 {time}：文件 {ranges} 处被改动，不予播放。可跳到其他位置继续。",
        "Stopped at {time}: the file was altered at {ranges}, which is not played. You may go on elsewhere.",
    ),
    "film.refused": Text("不成立，不予播放：{because}。", "Broken, and not played: {because}."),
    "film.undecided": Text(
        "本浏览器不能判定：{because}。正在播放的内容未经本浏览器核验。",
        "This browser cannot decide: {because}. What it plays it has not checked.",
    ),
    "film.unreachable": Text(
        "证据库没有给出数据，未能核验。请稍后重新打开本页。",
        "The archive did not give the bytes, so nothing was checked. Open this page again in a moment.",
    ),
    "film.failed": Text(
        "浏览器无法播放此文件（编码可能不受支持）。可下载原始文件查看。",
        "The browser cannot play this file (its coding may not be supported). Download the original to see it.",
    ),
    "film.about.proxy": Text(
        "这是派生件（便于播放的副本），按采集站对它的声明核验；画面是否与原始文件相同，不在核验之内。",
        "This is a derivative made for playing, checked against what the dock stated of it; that it shows what the "
        "original shows is not part of that.",
    ),
    "film.about.original": Text(
        "这是原始文件，按采集站的采集声明核验。",
        "This is the original, checked against the dock's statement of collecting it.",
    ),
    "film.and": Text("、", ", "),
    "film.mark.open": Text("……", "…"),
    "film.mark.holds": Text("● 成立", "● holds"),
    "film.mark.undecided": Text("▲ 待定", "▲ cannot be decided"),
    "film.mark.broken": Text("■ 不成立", "■ broken"),
    "film.code.no-ed25519": Text("此浏览器不能核验 Ed25519 签名", "it does not check Ed25519 signatures"),
    "film.code.no-worker": Text(
        "此浏览器不允许逐块核验（常因证书不受信任或处于隐私模式）",
        "it allows no checking while playing (often since the certificate is not trusted, or in a private window)",
    ),
    "film.code.other-leaves": Text(
        "分块校验值与签名的根不一致，无法判断哪一处被改动",
        "the hashes of its pieces do not lead to the signed root, so nobody can say where it was altered",
    ),
    "film.code.no-proof": Text("日志检查点尚未收录这些声明", "no published checkpoint covers its statements yet"),
    "film.code.no-stored": Text("日志检查点尚未收录入库声明", "no published checkpoint covers its storing yet"),
}

FILM_TEXTS = _SCRIPT | {
    "film.choice": Text("播放哪一个", "What to play"),
    "film.proxy": Text("派生件", "Derivative"),
    "film.original": Text("原始文件", "Original"),
    "film.verify_all": Text("核验全部", "Check all of it"),
    "film.layer.checked": Text("核验", "Checked"),
    "film.bar": Text(
        "已核验的部分：从文件的第一个字节到最后一个", "What was checked, from the file's first byte to its last"
    ),
    "film.legend.holds": Text("● 成立", "● holds"),
    "film.legend.broken": Text("■ 不成立", "■ broken"),
    "film.legend.open": Text("○ 尚未读取", "○ not read yet"),
    "film.no_script": Text(
        "▲ 未启用脚本，播放内容未在浏览器中核验。", "▲ Without scripts nothing is checked in the browser."
    ),
}


def script_words(*, chinese: bool) -> dict[str, str]:
    """What the player's script says, its places still open. The verifier's codes are in Chinese where the reader is; the
    script has them in English itself.
    """
    codes = {f"code.{code}": text for code, text in CODES.items()} if chinese else {}
    own = {key.removeprefix("film."): text.zh if chinese else text.en for key, text in _SCRIPT.items()}
    return codes | own
