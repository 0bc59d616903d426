"""The verifier's answers in the words of an official: Chinese for every step, verdict and code.

English stands in the findings themselves; this is the Chinese side of the same table. A code without an entry here fails a test.
"""

from __future__ import annotations

from liuhen_protocol.report import Report, Step, StepName, Verdict

MARKS = {Verdict.HOLDS: "●", Verdict.UNDECIDED: "▲", Verdict.BROKEN: "■"}
VERDICTS = {Verdict.HOLDS: "成立", Verdict.UNDECIDED: "待定", Verdict.BROKEN: "不成立"}
VERDICTS_ENGLISH = {Verdict.HOLDS: "holds", Verdict.UNDECIDED: "cannot be decided", Verdict.BROKEN: "broken"}
STEPS = {
    StepName.BYTES: "文件字节",
    StepName.DIGEST: "完整性校验值",
    StepName.STATEMENT: "采集与入库声明",
    StepName.SIGNATURE: "签名",
    StepName.CHAIN: "采集站链条",
    StepName.INCLUSION: "日志收录",
    StepName.CHECKPOINT: "日志检查点",
    StepName.COSIGNATURES: "见证方联署",
    StepName.TIME: "时间次序",
}
STEPS_ENGLISH = {
    StepName.BYTES: "Bytes",
    StepName.DIGEST: "Digest",
    StepName.STATEMENT: "Statements",
    StepName.SIGNATURE: "Signatures",
    StepName.CHAIN: "Dock chain",
    StepName.INCLUSION: "Inclusion in the log",
    StepName.CHECKPOINT: "Checkpoint",
    StepName.COSIGNATURES: "Witnesses",
    StepName.TIME: "Order of time",
}
HOLDS = {
    StepName.BYTES: "文件的 SHA-256 与声明一致",
    StepName.DIGEST: "大小和分块校验树在文件与各声明中一致",
    StepName.STATEMENT: "采集站声明采集了这一原始文件，证据库据此入库",
    StepName.SIGNATURE: "全部签名有效，且密钥与日志登记的一致",
    StepName.CHAIN: "采集站的声明逐条相接，没有缺漏、重复或分叉",
    StepName.INCLUSION: "各声明均已收录于日志",
    StepName.CHECKPOINT: "检查点由日志签名",
    StepName.COSIGNATURES: "见证方联署达到规定数量",
    StepName.TIME: "各声明的时间先后相符",
}
CODES = {
    "other-bytes": "文件的 SHA-256 与声明中的不一致",
    "no-bytes": "缺少文件本身",
    "no-statement": "没有任何声明给出校验值",
    "no-digest": "缺少可比对的校验值",
    "other-digest": "大小、分块校验树或 SM3 与声明不一致",
    "not-an-original": "这是派生件，不是原始文件",
    "no-collected": "缺少采集站的采集声明",
    "no-stored": "缺少证据库的入库声明",
    "other-dock": "入库声明所指的采集站与采集声明不同",
    "other-promise": "入库声明所依据的采集声明不是这一条",
    "other-clip": "回执属于另一个文件",
    "other-kind": "回执的类别与承诺的不同",
    "other-source": "声明人无权作出此类声明",
    "malformed": "内容不符合格式",
    "bad-signature": "签名无效：声明或签名被改动",
    "other-key": "签名所用密钥不是登记的密钥",
    "no-archive-key": "缺少指明证据库密钥的首条声明",
    "not-the-first": "证据库的首条声明不在日志首位",
    "no-enrolment": "缺少指明该采集站密钥的登记声明",
    "revoked": "该采集站在此之前已被吊销",
    "replayed": "链条中的同一位置有两条声明",
    "gap": "链条中有缺漏",
    "wrong-prev": "声明接续的不是前一条，而是另一段历史",
    "back-dated": "声明的时间早于它所依据的内容",
    "post-dated": "声明的时间晚于见证方见证的时间",
    "no-chain": "缺少从接入到采集之间的链条声明",
    "other-history": "日志中的声明与采集站保存的不同",
    "tail-cut": "链条的末尾被截去：采集站持有的声明在日志中缺失",
    "no-proof": "缺少日志收录证明",
    "no-entries": "没有日志条目可供核验（需要审计员权限）",
    "not-included": "收录证明不成立",
    "inconsistent": "日志的新旧状态不相接续",
    "other-size": "条目数与检查点不一致",
    "other-root": "条目算出的根与检查点不一致",
    "other-tile": "日志分块文件与条目不一致",
    "missing-tile": "缺少日志分块文件",
    "no-checkpoint": "没有给出检查点",
    "wrong-log": "检查点属于另一个日志",
    "log-signature-missing": "检查点没有该日志的签名",
    "two-views": "日志对同一大小签署了两个不同的状态",
    "bad-cosignature": "见证方联署无效",
    "quorum-missing": "见证方联署未达到规定数量",
    "no-times": "缺少采集站或证据库的声明时间",
    "disposed": "文件已按规定处置，字节不再保存；处置证明见日志",
    "unknown-list": "处置声明所指的清单不存在",
    "not-approved": "处置声明所依据的清单未经第二人批准",
    "one-person": "处置由一人单独作出，须由两人",
    "other-people": "处置声明中的两人与清单的编制人、批准人不同",
    "list-again": "同一处置清单重复编制、批准或撤回",
    "more-than-listed": "处置的文件多于清单所列",
    "no-tombstone": "没有这个文件的处置声明",
    "wrong-order": "编制、批准与处置声明在日志中的先后不对",
    "disposed-early": "处置早于保存期限届满",
    "disposed-while-held": "文件在暂停处置期间被处置",
    "missing": "发布时有的文件，现在没有了",
    "added": "发布时没有的文件",
    "altered": "文件与发布时不一致",
    "other-manifest": "清单文件不是发布时的清单",
    "old-release": "这是旧的一次发布，之后已另行发布",
    "no-release": "缺少发布声明",
}
NOT_CLAIMED = (
    "保管自采集站读取时开始；此前记录仪内发生的事不在证明范围内。",
    "Custody begins when the dock reads the clip; what happened inside the recorder before is not claimed.",
)


def why(step: Step) -> str:
    """The Chinese reason of a step."""
    return CODES.get(step.code, step.why) if step.code else HOLDS[step.name]


def sentence(report: Report) -> str:
    """The whole answer in one Chinese sentence."""
    step = report.deciding
    if step is None:
        return "成立"
    return f"第 {step.number} 步（{STEPS[step.name]}）{VERDICTS[step.verdict]}：{why(step)}"
