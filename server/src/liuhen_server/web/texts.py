"""Every text of the pages in both languages: Chinese first, English second. A test holds that none is missing."""

from liuhen_server.web.api_texts import API_TEXTS
from liuhen_server.web.calendar_texts import CALENDAR_TEXTS
from liuhen_server.web.case_texts import CASE_TEXTS
from liuhen_server.web.check_out_texts import CHECK_OUT_TEXTS
from liuhen_server.web.custody_texts import CUSTODY_TEXTS
from liuhen_server.web.decision_texts import DECISION_TEXTS
from liuhen_server.web.exchange_texts import EXCHANGE_TEXTS
from liuhen_server.web.film_texts import FILM_TEXTS
from liuhen_server.web.handover_texts import HANDOVER_TEXTS
from liuhen_server.web.log_texts import LOG_TEXTS
from liuhen_server.web.people_texts import PEOPLE_TEXTS
from liuhen_server.web.provider_texts import PROVIDER_TEXTS
from liuhen_server.web.publicity_texts import PUBLICITY_TEXTS
from liuhen_server.web.reason_texts import REASON_TEXTS
from liuhen_server.web.record_list_texts import RECORD_LIST_TEXTS
from liuhen_server.web.recorder_texts import RECORDER_TEXTS
from liuhen_server.web.retention_texts import RETENTION_TEXTS
from liuhen_server.web.review_texts import REVIEW_TEXTS
from liuhen_server.web.search_texts import SEARCH_TEXTS
from liuhen_server.web.statistics_texts import STATISTICS_TEXTS
from liuhen_server.web.stay_texts import STAY_TEXTS, Text
from liuhen_server.web.supervision_texts import SUPERVISION_TEXTS
from liuhen_server.web.template_texts import TEMPLATE_TEXTS
from liuhen_server.web.todo_texts import TODO_TEXTS
from liuhen_server.web.track_texts import TRACK_TEXTS

__all__ = ["TEXTS", "Text"]


_SHELL = {
    "product": Text("留痕", "Liuhen"),
    "skip": Text("跳到正文", "Skip to content"),
    "nav.label": Text("主导航", "Main"),
    "nav.group.cases": Text("办案", "Casework"),
    "nav.group.footage": Text("影像", "Footage"),
    "nav.group.oversight": Text("督导", "Monitoring"),
    "nav.group.registry": Text("登记", "Registry"),
    "nav.clips": Text("音像记录", "Clips"),
    "nav.log": Text("日志", "Log"),
    "sign_out": Text("退出", "Sign out"),
    "sign_out.everywhere": Text("退出所有浏览器", "Sign out everywhere"),
    "copy": Text("复制", "Copy"),
    "copy.of": Text("复制 {label}", "Copy {label}"),
    "copied": Text("已复制", "Copied"),
    "list.and": Text("、", ", "),
    "unit.bytes": Text("{count} 字节", "{count} bytes"),
    "unit.seconds": Text("{count} 秒", "{count} s"),
    "unit.minutes": Text("{count} 分钟", "{count} min"),
    "role.system_administrator": Text("系统管理员", "system administrator"),
    "role.security_administrator": Text("安全管理员", "security administrator"),
    "role.auditor": Text("审计员", "auditor"),
    "role.handler": Text("承办人", "handler"),
    "role.reviewer": Text("法制审核人", "legal reviewer"),
    "role.head": Text("负责人", "head"),
    "role.publisher": Text("发布人", "publisher"),
    "role.archivist": Text("档案管理员", "archivist"),
    "role.justice_supervisor": Text("司法行政监督员", "justice supervisor"),
}

_TERMS = {
    "dock": Text("采集站", "Dock"),
    "officer": Text("执法证号", "Officer"),
    "recorder": Text("记录仪", "Recorder"),
    "agency": Text("执法主体", "Agency"),
    "day": Text("日期", "Day"),
    "size": Text("大小", "Size"),
    "verdict": Text("核验", "Verdict"),
    "important": Text("重要", "Important"),
    "unassigned": Text("未分配", "unassigned"),
    "verdict.holds": Text("成立", "holds"),
    "verdict.undecided": Text("待定", "undecided"),
    "verdict.broken": Text("不成立", "broken"),
    "source.archive": Text("证据库", "archive"),
    "dock.enrolled": Text("已登记", "enrolled"),
    "dock.revoked": Text("已吊销", "revoked"),
}

_SIGN_IN = {
    "sign_in.title": Text("登录", "Sign in"),
    "sign_in.lead": Text(
        "执法音像记录证据库。查看记录会写入日志。",
        "Archive of enforcement recordings. What you view is written into the log.",
    ),
    "sign_in.name": Text("账号", "Account"),
    "sign_in.password": Text("密码", "Password"),
    "sign_in.do": Text("登录", "Sign in"),
    "sign_in.forgot": Text(
        "忘记密码时，请安全管理员签发新的一次性密码。",
        "Forgotten your password? The security administrator can issue a new one-time password.",
    ),
    "sign_in.wrong": Text("账号或密码不正确。", "The account or the password is not right."),
    "sign_in.wrong.way_out": Text(
        "一次性密码 72 小时内有效。请再试一次，或请安全管理员签发新的一次性密码。",
        "A one-time password is good for 72 hours. Try again, or ask the security administrator for a new one.",
    ),
    "sign_in.locked": Text("尝试次数过多，请在 {wait} 后再试。", "Too many attempts. Try again in {wait}."),
    "sign_in.locked.way_out": Text(
        "为防止猜测密码，登录已暂停，到时自动恢复，无需联系管理员。",
        "Signing in pauses so that passwords cannot be guessed; it comes back by itself.",
    ),
    "password.title": Text("修改密码", "Change password"),
    "password.must": Text(
        "一次性密码只能使用一次。请设置自己的密码后继续。",
        "A one-time password works once. Choose your own to go on.",
    ),
    "password.current": Text("当前密码", "Current password"),
    "password.current_once": Text("一次性密码", "One-time password"),
    "password.new": Text("新密码", "New password"),
    "password.again": Text("再次输入新密码", "New password again"),
    "password.hint": Text(
        "至少 {shortest} 个字符，可用汉字；几个不相干的词连起来就很好。",
        "At least {shortest} characters; a few unrelated words make a good one.",
    ),
    "password.do": Text("保存新密码", "Save new password"),
    "password.differs": Text("两次输入的新密码不一致。", "The two new passwords differ."),
    "password.wrong_current": Text("当前密码不正确。", "The current password is not right."),
    "password.too_short": Text("新密码太短：至少 {shortest} 个字符。", "Too short: at least {shortest} characters."),
    "password.too_long": Text("新密码太长：最多 256 个字符。", "Too long: at most 256 characters."),
    "password.too_easy": Text(
        "新密码太容易猜：请勿使用账号、连续数字、日期或常见密码。",
        "Too easy to guess: not the account name, numbers alone, or a common password.",
    ),
    "password.same": Text("新密码与当前密码相同。", "The new password is the current one."),
    "sessions.title": Text("登录状态", "Where you are signed in"),
    "sessions.text": Text(
        "30 分钟不操作或登录满 10 小时后自动退出。若曾在别处登录，可在此一并退出。",
        "You are signed out after 30 idle minutes or 10 hours. If you signed in elsewhere, end all of it here.",
    ),
}

_CLIPS = {
    "clips.title": Text("音像记录", "Clips"),
    "clips.count": Text("共 {count} 段", "{count} in all"),
    "clips.time": Text("采集时间", "Collected"),
    "clips.name": Text("原始文件", "Original file"),
    "clips.checked": Text("核验于 {time}", "checked {time}"),
    "clips.not_stored": Text("等待上传", "waiting for upload"),
    "clips.not_checked": Text("正在读取", "being read"),
    "clips.none": Text("还没有音像记录。", "No clips yet."),
    "clips.none.way_out": Text(
        "记录仪接入采集站后，文件会在入库并取得回执后出现在这里。",
        "They appear here once a recorder is docked and its files are stored.",
    ),
    "clips.none_match": Text("没有符合条件的记录。", "No clip matches."),
    "clips.none_match.way_out": Text("请放宽筛选条件。", "Ask for less."),
    "filter.label": Text("筛选", "Filter"),
    "filter.all": Text("全部", "all"),
    "filter.do": Text("筛选", "Filter"),
    "filter.none": Text("清除筛选", "Clear filters"),
    "pages.label": Text("分页", "Pages"),
    "pages.newer": Text("较新", "Newer"),
    "pages.older": Text("较早", "Older"),
    "pages.of": Text("第 {page} / {pages} 页", "page {page} of {pages}"),
}

_CLIP = {
    "player.label": Text("播放与文件信息", "Player and file"),
    "player.old_browser": Text("此浏览器不能播放视频。", "This browser cannot play video."),
    "player.none": Text("没有可播放的副本。", "Nothing a browser can play."),
    "player.none.text": Text(
        "采集站尚未生成派生件，或此文件不是音像。原始文件可以下载。",
        "The dock has made no derivative yet, or this is no video. The original can be downloaded.",
    ),
    "player.not_stored.text": Text(
        "采集站已登记此文件，字节尚未全部入库。", "The dock has stated this clip; its bytes are not all stored yet."
    ),
    "player.not_yours": Text("您的角色不能观看音像内容。", "Your role does not see footage."),
    "player.not_yours.text": Text(
        "按三员分立，管理员和审计员只核对证据，不观看内容。",
        "Administrators and auditors check evidence, they do not watch it.",
    ),
    "player.of_others": Text(
        "这段音像不是您拍摄的，也不属于您承办的案件。", "This recording is neither yours nor of a case you handle."
    ),
    "player.of_others.text": Text(
        "承办人只观看本人和本案的音像；需要观看的，请本执法主体的审核人或负责人打开。",
        "Handlers watch their own recordings and those of their cases; a reviewer or the head of the agency can open it.",
    ),
    "clip.collected": Text("采集完成", "Collected"),
    "clip.recorder_time": Text("记录仪自述时间", "Time by the recorder"),
    "clip.name": Text("记录仪上的文件名", "Name on the recorder"),
    "finding.label": Text("核验结论", "Verdict"),
    "finding.read": Text("文件全文最近读取于 {time}。", "The bytes were last read in full at {time}."),
    "finding.not_read": Text("证据库中没有可读取的文件字节。", "The archive has no bytes to read."),
    "finding.log": Text("依据含 {size} 条的日志检查点。", "Checked under the checkpoint of {size} entries."),
    "finding.read_anew": Text("重新读取", "Read anew"),
    "sentence.holds": Text(
        "采集站 {dock} 于 {time} 从 {recorder} 号记录仪读出本文件，之后未被改动。",
        "Dock {dock} read this file off recorder {recorder} at {time}; it has not been altered since.",
    ),
    "sentence.broken": Text(
        "第 {number} 步（{step}）不成立：{because}。", "Broken at step {number} ({step}): {because}."
    ),
    "sentence.undecided": Text(
        "第 {number} 步（{step}）尚不能判定：{because}。", "Cannot be decided at step {number} ({step}): {because}."
    ),
    "steps.title": Text("九步核验", "Nine steps"),
    "not_claimed.title": Text("不作证明的事项", "What is not claimed"),
    "not_claimed.before": Text(
        "采集站读取之前，记录仪内发生过什么。保管自采集站读取时开始。",
        "What happened inside the recorder before: custody begins when the dock reads the clip.",
    ),
    "not_claimed.content": Text(
        "画面内容是否真实、完整，记录仪时钟是否准确。",
        "That the pictures are true or complete, or that the recorder's clock was right.",
    ),
    "not_claimed.password": Text(
        "谁使用了记录仪：证号由记录仪自述。", "Who used the recorder: the officer's number is its own word."
    ),
    "take.title": Text("离线核验", "Verify without us"),
    "take.text": Text(
        "有原始文件、证明和策略，任何人都可离线核验，无需本系统。策略中的密钥请另行与见证方核对。",
        "With the original, the proofs and the policy, anyone can verify offline. Check the policy's keys with the witnesses.",
    ),
    "take.proof": Text("下载证明", "Download proofs"),
    "take.policy": Text("下载策略", "Download policy"),
    "take.original": Text("下载原始文件", "Download original"),
    "custody.title": Text("保管经过", "Custody"),
    "custody.text": Text(
        "按日志顺序，最新在后。时间为 {zone}。每条右侧的编号打开其声明和证明。",
        "In the log's order, newest last. Times are {zone}. The number of each opens its statement and proof.",
    ),
    "custody.index": Text("日志 #{index}", "log #{index}"),
    "custody.recorded": Text("您的本次查看已写入日志 #{index}。", "This view of yours is entry #{index} of the log."),
    "kind.original": Text("原始文件", "original"),
    "kind.derivative": Text("派生件", "derivative"),
    "recipe.remux": Text("换封装", "remuxed"),
    "recipe.transcode": Text("转码", "transcoded"),
    "recipe.subtitles": Text("取出轨迹", "track taken out"),
    "how.page": Text("打开页面", "opened the page"),
    "how.play": Text("播放", "played it"),
    "how.download": Text("下载原始文件", "downloaded the original"),
    "how.proof": Text("下载证明", "downloaded the proofs"),
}

_EVENTS = {
    "event.damaged": Text("此条目已损坏", "This entry is damaged"),
    "event.damaged.detail": Text(
        "数据库中的字节不再是一条声明。", "Its bytes in the database are no statement any more."
    ),
    "event.recorder.docked": Text("记录仪接入", "Recorder docked"),
    "event.recorder.docked.detail": Text(
        "{recorder} 号记录仪，证号 {officer}，槽位 {bay}", "recorder {recorder}, officer {officer}, bay {bay}"
    ),
    "event.recorder.clock_set": Text("校准记录仪时钟", "Recorder's clock set"),
    "event.recorder.clock_set.slow": Text(
        "{recorder} 号记录仪慢 {seconds} 秒", "recorder {recorder} was {seconds} s slow"
    ),
    "event.recorder.clock_set.fast": Text(
        "{recorder} 号记录仪快 {seconds} 秒", "recorder {recorder} was {seconds} s fast"
    ),
    "event.clip.collected": Text("采集", "Collected"),
    "event.clip.collected.detail": Text("{path}，{size}，槽位 {bay}", "{path}, {size}, bay {bay}"),
    "event.clip.derived": Text("生成派生件", "Derivative made"),
    "event.clip.derived.detail": Text("{recipe}，{size}，{tool}", "{recipe}, {size}, {tool}"),
    "event.clip.stored": Text("入库", "Stored"),
    "event.clip.stored.detail": Text("{kind}，{time} 回读一致", "{kind}, read back and equal at {time}"),
    "event.clip.viewed": Text("查看", "Viewed"),
    "event.clip.viewed.detail": Text("{viewer}（{role}）{how}", "{viewer} ({role}) {how}"),
    "event.recorder.cleared": Text("清空记录仪", "Recorder cleared"),
    "event.recorder.cleared.detail": Text(
        "{recorder} 号记录仪，凭 {count} 份回执", "recorder {recorder}, on {count} receipts"
    ),
    "event.recorder.undocked": Text("记录仪取走", "Recorder undocked"),
    "event.recorder.undocked.orderly": Text("{recorder} 号记录仪，正常取走", "recorder {recorder}, when it was ready"),
    "event.recorder.undocked.premature": Text("{recorder} 号记录仪，提前拔出", "recorder {recorder}, pulled too early"),
}

_LOG = {
    "log.title": Text("日志", "Log"),
    "log.lead": Text(
        "每条声明都收录于只增不改的日志，由外部见证方联署。任何人都可以核对。",
        "Every statement is in a log that only grows, cosigned by outside witnesses. Anyone can check it.",
    ),
    "log.checkpoint": Text("最新检查点", "Newest checkpoint"),
    "log.size": Text("条目数", "Entries"),
    "log.waiting": Text("等待发布", "Not yet published"),
    "log.origin": Text("日志名称", "Origin"),
    "log.root": Text("根哈希（十六进制）", "Root hash (hex)"),
    "log.note": Text("检查点原文", "The signed note"),
    "log.witnesses": Text("见证方", "Witnesses"),
    "log.witness": Text("见证方", "Witness"),
    "log.cosigned": Text("联署时间", "Cosigned"),
    "log.not_cosigned": Text("未联署此检查点", "not this checkpoint"),
    "log.quorum": Text("须 {of} 方中至少 {need} 方联署", "at least {need} of {of} must cosign"),
    "log.no_witnesses": Text("没有配置见证方。", "No witnesses are configured."),
    "log.no_witnesses.text": Text(
        "仅凭证据库自身签名，无法向外人证明日志未被改写。",
        "The archive's own signature alone does not show outsiders that the log was not rewritten.",
    ),
    "log.bad_cosignature": Text("检查点上有无效的联署。", "A cosignature on the checkpoint is not good."),
    "log.wrong": Text("已发布的检查点无效。", "The published checkpoint is not good."),
    "log.alarm": Text("日志已停止签署：{code}", "The log has stopped and signs nothing: {code}"),
    "log.none": Text("还没有发布检查点。", "Nothing is published yet."),
    "log.none.text": Text(
        "首个检查点在见证方联署后发布，通常只需数秒。", "The first checkpoint follows the witnesses' cosignatures."
    ),
    "log.docks": Text("采集站链条", "Dock chains"),
    "log.state": Text("状态", "State"),
    "log.chain_length": Text("声明数", "Statements"),
    "log.last": Text("最新声明", "Newest statement"),
    "log.head": Text("链头", "Head"),
    "log.no_docks": Text("还没有登记采集站。", "No dock is enrolled."),
    "log.no_docks.text": Text("系统管理员可用以下命令签发登记码：", "The system administrator issues a code with:"),
}

_PROBLEMS = {
    "problem.way_out": Text("回到首页", "Go to the first page"),
    "problem.reference": Text("请向系统管理员提供编号", "Tell the system administrator this number:"),
    "problem.not_found.title": Text("没有这个页面", "There is no such page"),
    "problem.not_found.text": Text(
        "地址可能有误，或页面已移走。没有任何数据因此改变。", "The address may be wrong. Nothing was changed."
    ),
    "problem.no_such_clip.title": Text("证据库中没有这段记录", "The archive does not know this clip"),
    "problem.no_such_clip.text": Text(
        "采集站尚未声明过它，或地址不完整。请从列表中查找。",
        "No dock has stated it, or the address is incomplete. Look for it in the list.",
    ),
    "problem.forbidden.title": Text("您的角色不能查看此页", "Your role does not see this page"),
    "problem.forbidden.text": Text(
        "页面只向需要的角色开放。如工作需要，请联系安全管理员。本次被拒绝的访问已写入日志。",
        "Pages are open only to the roles that need them. If your work needs this, ask the security administrator. "
        "This refusal is an entry of the log.",
    ),
    "problem.forbidden_agency.title": Text("不属于您的执法主体", "This belongs to another agency"),
    "problem.forbidden_agency.text": Text(
        "您只能查看本执法主体的内容；采集站尚未分配执法主体的，由系统管理员登记。本次被拒绝的访问已写入日志。",
        "You see what belongs to your own agency; a dock without one is assigned by the system administrator. "
        "This refusal is an entry of the log.",
    ),
    "problem.forbidden_own.title": Text("这不是您本人的记录", "This is not your own"),
    "problem.forbidden_own.text": Text(
        "承办人只能观看本人的音像。如办案需要，请向法制审核人或负责人提出。本次被拒绝的访问已写入日志。",
        "Handlers watch their own recordings. If the case needs it, ask the legal reviewer or the head. "
        "This refusal is an entry of the log.",
    ),
    "problem.forbidden_oneself.title": Text("不能对自己的账号执行此操作", "Nobody does this to his own account"),
    "problem.forbidden_oneself.text": Text(
        "权限须由另一名管理员办理（三员分立）。本次被拒绝的访问已写入日志。",
        "Another administrator has to do it. This refusal is an entry of the log.",
    ),
    "problem.signed_out.title": Text("您已退出登录", "You are signed out"),
    "problem.signed_out.text": Text(
        "登录已过期，刚才的操作没有执行。请重新登录后再做一次。",
        "Your session has ended and what you asked for was not done. Sign in and do it again.",
    ),
    "problem.stale_form.title": Text("表单已过期", "This form is out of date"),
    "problem.stale_form.text": Text(
        "为防止他人冒用，操作没有执行。请回到首页重新打开表单。",
        "To keep others from acting for you, nothing was done. Open the form again.",
    ),
    "problem.too_large.title": Text("提交的内容太大", "Too much was sent"),
    "problem.too_large.text": Text("操作没有执行。", "Nothing was done."),
    "problem.nothing_to_play.title": Text("没有可播放的副本", "Nothing a browser can play"),
    "problem.nothing_to_play.text": Text("请从记录页下载原始文件。", "Download the original from the clip's page."),
    "problem.not_stored.title": Text("原始文件尚未入库", "The original is not stored yet"),
    "problem.not_stored.text": Text(
        "采集站上传完成后可以下载。", "It can be downloaded when the dock has sent all of it."
    ),
    "problem.bytes_missing.title": Text("文件不在存储中", "The file is missing from the store"),
    "problem.bytes_missing.text": Text(
        "日志证明它曾经入库。请立即通知系统管理员核查存储和备份。",
        "The log shows that it was stored. Tell the system administrator at once to look at store and backup.",
    ),
    "problem.not_recorded.title": Text("无法写入查看记录", "Your view could not be written down"),
    "problem.not_recorded.text": Text(
        "未留痕不得查看，因此没有显示内容。请稍后再试。",
        "Nothing is shown without a trace of who saw it. Try again in a moment.",
    ),
    "problem.database.title": Text("数据库正忙或无法访问", "The database is busy or cannot be reached"),
    "problem.database.text": Text(
        "证据库中的数据没有丢失。请稍后再试；若持续出现，请通知系统管理员。",
        "Nothing in the archive is lost. Try again in a moment; if it goes on, tell the system administrator.",
    ),
    "problem.failed.title": Text("页面出错", "This page failed"),
    "problem.failed.text": Text(
        "证据库中的数据没有改变。请稍后再试。", "Nothing in the archive was changed. Try again in a moment."
    ),
}

TEXTS: dict[str, Text] = {
    **_SHELL,
    **_TERMS,
    **_SIGN_IN,
    **_CLIPS,
    **_CLIP,
    **_EVENTS,
    **_LOG,
    **LOG_TEXTS,
    **_PROBLEMS,
    **STAY_TEXTS,
    **DECISION_TEXTS,
    **TRACK_TEXTS,
    **SEARCH_TEXTS,
    **PEOPLE_TEXTS,
    **PROVIDER_TEXTS,
    **REASON_TEXTS,
    **FILM_TEXTS,
    **CUSTODY_TEXTS,
    **API_TEXTS,
    **CASE_TEXTS,
    **EXCHANGE_TEXTS,
    **RECORD_LIST_TEXTS,
    **RECORDER_TEXTS,
    **CHECK_OUT_TEXTS,
    **RETENTION_TEXTS,
    **PUBLICITY_TEXTS,
    **REVIEW_TEXTS,
    **CALENDAR_TEXTS,
    **TODO_TEXTS,
    **STATISTICS_TEXTS,
    **HANDOVER_TEXTS,
    **TEMPLATE_TEXTS,
    **SUPERVISION_TEXTS,
}
