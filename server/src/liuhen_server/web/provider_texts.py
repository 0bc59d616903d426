"""What the pages say of signing in by an identity provider."""

from liuhen_server.web.stay_texts import Text

__all__ = ["PROVIDER_TEXTS"]

PROVIDER_TEXTS: dict[str, Text] = {
    "provider.do": Text("用“{name}”登录", "Sign in with {name}"),
    "provider.or": Text("或者使用本系统账号：", "Or with your account of this archive:"),
    "provider.unreachable": Text("统一身份认证暂时无法使用。", "The identity provider cannot be used now."),
    "provider.unreachable.way_out": Text(
        "请用本系统的账号和密码登录；持续如此的，请告知系统管理员。",
        "Sign in with your account and password of this archive; if it lasts, tell the system administrator.",
    ),
    "provider.not_done": Text("登录没有完成。", "Signing in was not completed."),
    "provider.not_done.way_out": Text(
        "可能是取消了登录、停留超过 10 分钟，或在另一窗口又登录了一次。请重新登录。",
        "It was cancelled, took longer than 10 minutes, or was begun again in another window. Begin again.",
    ),
    "provider.not_believed": Text("统一身份认证的答复未通过核对。", "The identity provider's answer did not hold."),
    "provider.not_believed.way_out": Text(
        "没有登录。请重新登录；再次出现的，请告知系统管理员，原因写在系统运行日志中。",
        "You are not signed in. Begin again; if it comes back, tell the system administrator: the reason is in the process log.",
    ),
    "provider.no_entry": Text("您的账号现在不能登录。", "Your account does not open now."),
    "provider.no_entry.way_out": Text(
        "账号已停用，或一次性密码已过期。请联系安全管理员。",
        "It is disabled, or its one-time password has expired. Ask the security administrator.",
    ),
    "provider.not_linked": Text("还没有账号与您的统一身份关联", "No account is linked to you yet"),
    "provider.not_linked.text": Text(
        "“{name}”已确认您的身份，但只有安全管理员能把它与账号关联。请把下面的标识交给安全管理员：",
        "{name} vouches for you, but only the security administrator links that to an account. Give him this identifier:",
    ),
    "provider.onward": Text("已登录", "You are signed in"),
    "provider.onward.do": Text("继续", "Go on"),
    "provider.code": Text("两步验证", "Second factor"),
    "provider.code.lead": Text(
        "统一身份认证已确认您的身份。请输入本账号的六位数字。",
        "The identity provider vouches for you. Type the six digits of this account.",
    ),
    "provider.subject": Text("统一身份标识", "Identifier at the provider"),
    "provider.subject.none": Text("未关联", "not linked"),
    "provider.subject.hint": Text(
        "由“{name}”（{issuer}）给出的标识（sub），不是姓名或邮箱；本人首次用它登录时会看到。",
        "The lasting identifier (sub) that {name} ({issuer}) gives, no name or e-mail address; its person sees it on the first try.",
    ),
    "provider.link": Text("关联", "Link"),
    "provider.unlink": Text("取消关联", "End the link"),
    "provider.unlink.text": Text("该账号的登录全部退出。", "All sessions of the account end."),
    "mistake.subject": Text("须为 1 至 255 个可见的英文字符。", "1 to 255 visible ASCII signs."),
    "mistake.subject_taken": Text("已与另一账号关联。", "It is linked to another account."),
    "changed.provider": Text("关联统一身份", "linked to the identity provider"),
    "changed.provider-ended": Text("取消统一身份关联", "link to the identity provider ended"),
}
