"""The texts of the pages about agencies, officers, accounts and the auditor's list, in both languages."""

from liuhen_server.web.stay_texts import Text

__all__ = ["PEOPLE_TEXTS"]

_SHELL = {
    "nav.agencies": Text("执法主体", "Agencies"),
    "nav.officers": Text("执法人员", "Officers"),
    "nav.accounts": Text("账号", "Accounts"),
    "nav.audit": Text("审计", "Audit"),
    "save": Text("保存", "Save"),
    "add": Text("新增", "Add"),
    "cancel": Text("返回", "Back"),
    "state": Text("状态", "State"),
    "state.active": Text("在用", "active"),
    "state.inactive": Text("已停用", "no longer active"),
    "no_role": Text("无任何角色", "no role"),
    "act.reason": Text("理由", "Reason"),
    "act.reason.hint": Text(
        "可不填。文字只存数据库，日志只记其承诺值。",
        "Optional. The words stay in the database; the log holds a commitment.",
    ),
    "optional": Text("可不填。", "Optional."),
    "history.title": Text("历次版本", "Every version"),
    "history.version": Text("第 {version} 版", "version {version}"),
    "meanwhile.title": Text("在您填写期间，他人已保存过这一条。", "Somebody saved this while you were writing."),
    "meanwhile.text": Text(
        "尚未保存，您填写的内容仍在下面。他人保存的最新内容见“历次版本”；核对后再次保存，即以您的内容为准。",
        "Nothing was saved; what you typed is still below. What the other saved stands under “Every version”. Compare, "
        "then save again to put yours in its place.",
    ),
    "mistakes.title": Text("没有保存：请更正标出的各项。", "Not saved: correct the marked fields."),
    "mistake.empty": Text("必须填写。", "This is needed."),
    "mistake.too_long": Text("太长。", "Too long."),
    "mistake.invisible": Text("含有不可见字符。", "It has invisible characters."),
    "mistake.taken": Text("已被使用。", "It is taken."),
    "mistake.agency_code": Text("须为 2 至 32 个小写字母、数字或连字符。", "2 to 32 of a-z 0-9 -."),
    "mistake.case_word": Text("须为 2 至 16 个汉字，如“朝县市监”。", "2 to 16 Chinese characters."),
    "mistake.credit_code": Text("须为 18 位统一社会信用代码。", "A unified social credit code has 18 characters."),
    "mistake.certificate": Text("须为 4 至 32 个大写字母、数字或连字符。", "4 to 32 of A-Z 0-9 -."),
    "mistake.classes": Text("没有这一类别。", "There is no such class."),
    "mistake.day": Text("须为存在的日期。", "There is no such day."),
    "mistake.recorder_number": Text(
        "须为字母和数字，且不全为 0（全 0 表示未分配）。", "Letters and digits, not all zeros (that means unassigned)."
    ),
    "mistake.agency": Text("请选择在用的执法主体。", "Choose an active agency."),
    "mistake.own_agency": Text("只能维护本执法主体的人员。", "You keep the officers of your own agency."),
    "mistake.needs_agency": Text("所选角色须指定执法主体。", "A role that was chosen needs an agency."),
    "mistake.officer": Text("该执法人员不属于所选执法主体。", "This officer is not of the chosen agency."),
    "mistake.roles": Text(
        "三员分立：系统管理员、安全管理员、审计员各由一人单独担任，不得兼任其他角色。",
        "System administrator, security administrator and auditor are different people, and none holds another role.",
    ),
    "mistake.account_name": Text(
        "须以小写字母开头，2 至 32 个小写字母、数字、点、下划线或连字符。",
        "2 to 32 of a-z 0-9 . _ - beginning with a letter.",
    ),
    "mistake.account_display_name": Text("须为 1 至 64 个可见字符。", "1 to 64 visible characters."),
    "mistake.reason": Text("理由太长或含有控制字符。", "The reason is too long or has control characters."),
    "mistake.appointed": Text(
        "已有安全管理员，或该账号已有权限；请由安全管理员办理。",
        "There is a security administrator, or the account has a right already: the security administrator does it.",
    ),
}

_REGISTRY = {
    "agencies.title": Text("执法主体", "Agencies"),
    "agencies.none": Text("还没有执法主体。", "No agency yet."),
    "agencies.none.way_out": Text(
        "登记后，以其代码或名称入网的采集站即归其所有。",
        "Docks enrolled under its code or name belong to it from then on.",
    ),
    "agencies.unassigned": Text("待分配的采集站", "Docks to be assigned"),
    "agencies.unassigned.text": Text(
        "以下采集站入网时所填的执法主体未登记，其记录目前只有审计员和司法行政监督员能看到。登记同名执法主体后即归其所有。",
        "These docks were enrolled under an agency that is not known here; auditor and justice department alone see their "
        "recordings. Add an agency of that name and they belong to it.",
    ),
    "agency.new": Text("新增执法主体", "New agency"),
    "agency.unassigned": Text("待分配", "to be assigned"),
    "agency.code": Text("代码", "Code"),
    "agency.code.hint": Text("保存后不再改变。", "It never changes once saved."),
    "agency.name": Text("全称", "Full name"),
    "agency.short": Text("简称", "Short name"),
    "agency.case_word": Text("案号字头", "Case word"),
    "agency.credit_code": Text("统一社会信用代码", "Social credit code"),
    "mistake.agency_merged": Text(
        "该机构已并入其他机构，不能再修改。", "It was merged into another agency and changes no more."
    ),
    "merger.title": Text("机构合并", "Merged into another agency"),
    "merger.new": Text("提出并入其他机构", "Propose that it is merged"),
    "merger.text": Text(
        "确认后，本机构不再办理新事项；已办结的案件留在本机构名下，案号不变；未办结的案件、执法人员、账号、记录仪和采集站转给承继机关，"
        "承继机关的人员可以查阅本机构的全部档案。合并不可撤销，须由安全管理员确认。",
        "Once it is confirmed, nothing new begins here. Cases that ended stay under this agency with their numbers; open cases, "
        "officers, accounts, recorders and docks go to the successor, whose people reach all that is kept here. It cannot be "
        "undone, and the security administrator confirms it.",
    ),
    "merger.successor": Text("承继机关", "Successor"),
    "merger.day": Text("改革日期", "Day of the reform"),
    "merger.document": Text("改革文件号", "Number of the document"),
    "merger.propose": Text("提出合并", "Propose"),
    "merger.confirm": Text("确认合并", "Confirm"),
    "merger.refuse": Text("不同意", "Refuse"),
    "merger.withdraw": Text("撤回", "Take back"),
    "merger.waits": Text("等待安全管理员确认。", "It waits for the security administrator."),
    "merger.moving": Text("有 {count} 件未办结案件将转给承继机关。", "{count} open cases will go to the successor."),
    "merger.into": Text("并入{into}", "into {into}"),
    "merger.short": Text("已并入{into}（{day}）", "merged into {into} ({day})"),
    "merger.effect": Text(
        "历史档案仍在本机构名下，由承继机关管理：", "What it did stays under its name, kept by its successor:"
    ),
    "merger.heir": Text("（其后又并入{heir}）", "(which was merged into {heir} later)"),
    "merger.proposed": Text("待确认", "proposed"),
    "merger.confirmed": Text("已合并", "merged"),
    "merger.refused": Text("未同意", "refused"),
    "merger.withdrawn": Text("已撤回", "taken back"),
    "agency.active": Text("仍在执法", "It still enforces"),
    "officers.title": Text("执法人员", "Officers"),
    "officers.count": Text("共 {count} 人", "{count} in all"),
    "officers.text": Text("姓名、证号或编号", "Name, certificate or number"),
    "officers.searched": Text("查找人员会写入日志。", "A search for a person is an entry of the log."),
    "officers.none": Text("还没有执法人员。", "No officer yet."),
    "officers.none.way_out": Text(
        "登记后，记录仪上的编号可以对应到人。", "Once they are here, a recorder's number can be told to be theirs."
    ),
    "officers.none_match": Text("没有符合条件的执法人员。", "No officer matches."),
    "officer.new": Text("新增执法人员", "New officer"),
    "officer.certificate": Text("执法证号", "Certificate"),
    "officer.name": Text("姓名", "Name"),
    "officer.post": Text("职务", "Post"),
    "officer.classes": Text("执法类别", "Classes"),
    "officer.area": Text("执法区域", "Area"),
    "officer.expires": Text("证件有效期至", "Certificate good until"),
    "officer.recorder_number": Text("记录仪编号", "Recorder number"),
    "officer.recorder_number.hint": Text(
        "记录仪里写的人员编号；据此判断哪些记录是本人的。",
        "What recorders write for this officer; it tells whose a recording is.",
    ),
    "officer.active": Text("仍在执法岗位", "Still an officer"),
    "officer.expired": Text("证件已过期", "certificate expired"),
    "officer.expires_soon": Text("剩 {days} 天到期", "{days} days left"),
    "officer.no_expiry": Text("未登记有效期", "no expiry known"),
    "officer.expired.text": Text(
        "证件过期期间不得执法。请核对证件并更新有效期。",
        "Nobody enforces with an expired certificate. Check it and renew the date.",
    ),
    "class.licence": Text("行政许可", "licence"),
    "class.penalty": Text("行政处罚", "penalty"),
    "class.coercion": Text("行政强制", "coercion"),
    "class.levy": Text("行政征收征用", "levy"),
    "class.inspection": Text("行政检查", "inspection"),
    "problem.no_such_agency.title": Text("没有这个执法主体", "There is no such agency"),
    "problem.no_such_agency.text": Text("请从列表中查找。", "Look for it in the list."),
    "problem.no_such_officer.title": Text("没有这名执法人员", "There is no such officer"),
    "problem.no_such_officer.text": Text("请从列表中查找。", "Look for the officer in the list."),
}

_ACCOUNTS = {
    "accounts.title": Text("账号", "Accounts"),
    "accounts.lead": Text(
        "系统管理员建立账号，安全管理员授予权限，审计员查看经过；三者由不同的人担任，谁也不能办理自己的账号。",
        "The system administrator makes accounts, the security administrator gives rights, the auditor looks on: three "
        "people, and none of them acts on his own account.",
    ),
    "accounts.nobody": Text("还没有安全管理员。", "There is no security administrator."),
    "accounts.nobody.text": Text(
        "请为其建立账号，再在账号页上指定。仅此一次由系统管理员办理。",
        "Make an account for that person, then appoint it on its page. This once, the system administrator does it.",
    ),
    "account.number": Text("编号", "Number"),
    "account.name": Text("账号", "Account"),
    "account.name.hint": Text("小写字母、数字、点、下划线、连字符。", "a-z 0-9 . _ - beginning with a letter."),
    "account.display_name": Text("姓名", "Name"),
    "account.roles": Text("角色", "Roles"),
    "account.second_factor": Text("两步验证", "Second factor"),
    "account.second_factor.on": Text("已启用", "on"),
    "account.second_factor.off": Text("未启用", "off"),
    "account.active": Text("正常", "active"),
    "account.disabled": Text("已停用", "disabled"),
    "account.one_time": Text("待改密", "one-time password"),
    "account.new": Text("新建账号", "New account"),
    "account.new.lead": Text(
        "新账号没有任何权限，由安全管理员另行授予。",
        "A new account has no right; the security administrator gives them.",
    ),
    "account.make": Text("建立账号", "Make the account"),
    "account.rights": Text("权限", "Rights"),
    "account.rights.save": Text("保存权限", "Save rights"),
    "account.officer": Text("对应执法人员", "Is the officer"),
    "account.officer.hint": Text(
        "先保存执法主体，再选择该主体的执法人员。", "Save the agency first, then choose among its officers."
    ),
    "account.none": Text("（无）", "(none)"),
    "account.help": Text("登录帮助", "Signing in"),
    "account.reset": Text("签发新的一次性密码", "Give a new one-time password"),
    "account.reset.text": Text(
        "旧密码、所有登录和审计员令牌立即失效，登录锁定解除。",
        "The old password, every session and an auditor's token end at once.",
    ),
    "account.unlock": Text("解除登录锁定", "Unlock signing in"),
    "account.end_factor": Text("停用两步验证", "End the second factor"),
    "account.disable": Text("停用账号", "Disable the account"),
    "account.enable": Text("恢复账号", "Enable the account"),
    "account.appoint": Text("指定为安全管理员", "Appoint as security administrator"),
    "account.self": Text(
        "这是您自己的账号，须由另一名管理员办理。", "This is your own account: another administrator has to act on it."
    ),
    "account.read_only": Text("您可以查看，不能修改。", "You may look at it and change nothing."),
    "one_time.title": Text("一次性密码", "One-time password"),
    "one_time.lead": Text(
        "请当面交给 {name}，{hours} 小时内有效，首次登录须修改。离开此页后不再显示。",
        "Hand it to {name} in person. It is good for {hours} hours and must be changed at the first sign-in. It is not shown again.",
    ),
    "one_time.back": Text("回到账号列表", "Back to the accounts"),
    "problem.no_such_account.title": Text("没有这个账号", "There is no such account"),
    "problem.no_such_account.text": Text("请从列表中查找。", "Look for it in the list."),
}

_OWN = {
    "own.title": Text("我的账号", "My account"),
    "own.no_rights": Text("您的账号还没有权限。", "Your account has no right yet."),
    "own.no_rights.text": Text("请联系安全管理员授予。", "Ask the security administrator."),
    "own.password": Text("修改密码", "Change password"),
    "own.factor.lead": Text(
        "除密码外，登录时再输入手机上每 30 秒变化一次的六位数字。每个数字只能用一次。",
        "Besides the password, signing in asks for six digits from your telephone. They change every 30 seconds and work once.",
    ),
    "own.factor.begin": Text("启用两步验证", "Set up the second factor"),
    "own.factor.scan": Text(
        "用手机上的身份验证器扫描，或手工输入密钥；再填写显示的六位数字，确认后生效。",
        "Scan it with an authenticator, or type the key; then enter the six digits it shows. It is in force once confirmed.",
    ),
    "own.factor.secret": Text("密钥（Base32）", "Key (Base32)"),
    "own.factor.picture": Text("密钥的二维码", "The key as a QR code"),
    "own.factor.code": Text("六位数字", "Six digits"),
    "own.factor.confirm": Text("确认启用", "Confirm"),
    "own.factor.on": Text(
        "已启用。手机丢失时，请安全管理员停用后重新启用。",
        "It is on. If your telephone is lost, the security administrator ends it and you set it up again.",
    ),
    "own.factor.stop": Text("停用", "Switch off"),
    "own.wrong_code": Text("数字不正确，或已经用过。", "The digits are not right, or were used already."),
    "own.wrong_code.way_out": Text(
        "请等待下一组数字，并核对手机时间。", "Wait for the next ones, and check your telephone's time."
    ),
    "own.sessions": Text("登录位置", "Where you are signed in"),
    "own.sessions.text": Text(
        "同时最多 {most} 处，再登录时最早的一处自动退出。", "At most {most} at once; a further sign-in ends the oldest."
    ),
    "own.session.began": Text("登录时间", "Since"),
    "own.session.seen": Text("最近操作", "Last seen"),
    "own.session.address": Text("地址", "Address"),
    "own.session.this": Text("本浏览器", "this browser"),
    "own.session.end": Text("退出", "End"),
    "sign_in.code": Text("六位数字（已启用两步验证者）", "Six digits (if your second factor is on)"),
    "first.title": Text("首个系统管理员", "The first system administrator"),
    "first.lead": Text(
        "建立证据库时输出的一次性代码在此使用一次，建立首个系统管理员。没有默认账号。",
        "The one-time code that was printed when the archive was founded makes the first system administrator, once. There is "
        "no default account.",
    ),
    "first.code": Text("一次性代码", "One-time code"),
    "first.do": Text("建立管理员", "Make the administrator"),
    "first.wrong": Text("代码不正确，或已经用过。", "The code is not right, or was used already."),
    "first.wrong.way_out": Text(
        "请核对建立证据库时的输出；遗失的，由本机管理员执行 liuhen-server user add。",
        "Look at what was printed when the archive was founded; if it is lost, run liuhen-server user add on its machine.",
    ),
    "first.bad_name": Text("账号或姓名不合规定。", "The account or the name is not as it must be."),
    "first.bad_name.way_out": Text(
        "账号以小写字母开头，2 至 32 个小写字母、数字、点、下划线或连字符。",
        "An account has 2 to 32 of a-z 0-9 . _ - beginning with a letter.",
    ),
    "problem.no_first_code.title": Text("这里没有可用的代码", "There is no code to use here"),
    "problem.no_first_code.text": Text(
        "首个系统管理员已建立，或代码已过期。过期的，由本机管理员执行 liuhen-server user add。",
        "The first system administrator was made, or the code has expired. Then run liuhen-server user add on the machine.",
    ),
}

_AUDIT = {
    "audit.title": Text("审计", "Audit"),
    "audit.lead": Text(
        "被拒绝的访问和决定、查找人员、账号和登记的变更，最新在前。每一条都是日志中的声明。",
        "Refusals, of decisions too, searches for people, changes of accounts and of the registry, newest first. Each is a statement of the log.",
    ),
    "audit.merged": Text(
        "{agency}并入{into}（{day}），{cases} 件未办结案件转给承继机关",
        "{agency} into {into} ({day}), with {cases} open cases",
    ),
    "audit.none": Text("还没有可看的条目。", "Nothing to read yet."),
    "audit.none.way_out": Text(
        "被拒绝的访问和变更发生后会出现在这里。", "Refusals and changes appear here as they happen."
    ),
    "audit.kind": Text("种类", "Kind"),
    "audit.by": Text("人员编号", "Person"),
    "audit.time": Text("时间", "Time"),
    "audit.entry": Text("日志条目", "Log entry"),
    "audit.what": Text("经过", "What"),
    "audit.words": Text("原文", "Words"),
    "audit.viewed": Text("以{role}身份{how}（{thing}）", "as {role}, {how}: {thing}"),
    "how.case.page": Text("查看案件", "saw the case"),
    "how.case.list": Text("查看或打印全过程记录清单", "saw or printed the record list"),
    "how.case.document": Text("下载文书", "took a document"),
    "how.case.program": Text("经接口读取案件", "read the case by a program"),
    "kind.case.viewed": Text("查看案件", "views of cases"),
    "audit.refused": Text(
        "以{role}身份请求“{action}”（{thing}），被拒绝", "asked as {role} to {action}: {thing}; refused"
    ),
    "audit.searched": Text("查找{kind}，得到 {found} 条", "searched for {kind}, shown {found}"),
    "audit.account": Text(
        "{person}：{what}；角色 {roles}；执法主体 {agency}", "{person}: {what}; roles {roles}; agency {agency}"
    ),
    "audit.registry": Text("{thing}：{what}，第 {version} 版", "{thing}: {what}, version {version}"),
    "audit.not_decided": Text("{tried}被拒绝：{why}（{thing}）", "refused to {tried}: {why}; {thing}"),
    "kind.decision.refused": Text("决定被拒绝", "refused decisions"),
    "kind.access.refused": Text("访问被拒绝", "refusals"),
    "kind.search.made": Text("查找人员", "searches"),
    "kind.account.changed": Text("账号变更", "accounts"),
    "kind.agency.merged": Text("机构合并", "agencies merged"),
    "kind.registry.changed": Text("登记变更", "registry"),
    "search.officer": Text("执法人员", "an officer"),
    "changed.created": Text("建立", "created"),
    "changed.changed": Text("修改", "changed"),
    "changed.roles": Text("权限变更", "rights changed"),
    "changed.reset": Text("签发一次性密码", "password reset"),
    "changed.unlocked": Text("解除登录锁定", "unlocked"),
    "changed.disabled": Text("停用", "disabled"),
    "changed.enabled": Text("恢复", "enabled"),
    "changed.second-factor": Text("两步验证变更", "second factor changed"),
    "action.see_log": Text("查看日志", "see the log"),
    "action.see_evidence": Text("查看记录清单和核验", "see clips and verdicts"),
    "action.see_footage": Text("观看音像", "see footage"),
    "action.see_registry": Text("查看登记", "see the registry"),
    "action.keep_agencies": Text("维护执法主体", "keep agencies"),
    "action.keep_officers": Text("维护执法人员", "keep officers"),
    "action.see_accounts": Text("查看账号", "see accounts"),
    "action.make_accounts": Text("建立账号", "make accounts"),
    "action.give_rights": Text("授予权限", "give rights"),
    "action.audit": Text("审计", "audit"),
    "action.own_account": Text("本人账号", "own account"),
    "action.enter": Text("登录", "sign in"),
    "action.mark_clips": Text("标记音像", "mark clips"),
    "action.read_entries": Text("读取日志条目", "read entries of the log"),
    "action.see_cases": Text("查看案件", "see cases"),
    "action.open_cases": Text("立案", "open cases"),
    "action.work_cases": Text("办理案件", "work on cases"),
    "action.see_lists": Text("查看清单", "see recording lists"),
    "action.keep_lists": Text("编制清单", "draft recording lists"),
    "action.approve_lists": Text("批准清单", "approve recording lists"),
}

PEOPLE_TEXTS: dict[str, Text] = {**_SHELL, **_REGISTRY, **_ACCOUNTS, **_OWN, **_AUDIT}
