"""The texts of programs' tokens and of what programs are answered, in both languages."""

from liuhen_server.web.stay_texts import Text

__all__ = ["API_TEXTS"]

API_TEXTS: dict[str, Text] = {
    "api_token": Text("接口令牌", "API token"),
    "api_token.none": Text("无", "none"),
    "api_token.until": Text("有效至 {day}", "good until {day}"),
    "api_token.give": Text("签发接口令牌", "Give an API token"),
    "api_token.give.text": Text(
        "供本机关的案件系统使用，权限与该账号相同；原有令牌随即作废。",
        "For the agency's case system; it may what the account may. The token before ends at once.",
    ),
    "api_token.end": Text("收回接口令牌", "End the API token"),
    "api_token.lead": Text(
        "{name} 的令牌只在此处显示这一次，有效 {days} 天。请交给案件系统的管理员，并从剪贴板中删除。",
        "The token of {name} is shown here, once, and is good for {days} days. Hand it to whoever runs the case system.",
    ),
    "own.api_token": Text(
        "安全管理员为您的账号签发了接口令牌，有效至 {day}：持有它的程序以您的名义办理案件。不是您要的，请收回。",
        "The security administrator gave an API token of your account, good until {day}: a program that holds it works on cases in your name. "
        "End it if you did not ask for it.",
    ),
    "api_token.document": Text("接口文档（OpenAPI）", "The API's document (OpenAPI)"),
    "mistake.token": Text(
        "该账号不能查看案件，令牌没有用处。", "This account sees no cases: a token would open nothing."
    ),
    "changed.token": Text("签发接口令牌", "API token given"),
    "changed.token-ended": Text("收回接口令牌", "API token ended"),
    "problem.no_token.title": Text("没有有效的令牌", "No living token"),
    "problem.no_token.text": Text(
        "请在 Authorization: Bearer 中给出安全管理员签发的令牌；过期、收回或账号停用后须重新签发。",
        "Give the token from the security administrator in Authorization: Bearer. One that ended must be given anew.",
    ),
    "problem.if_match.title": Text("须说明修改的是哪一版", "Say which version is changed"),
    "problem.if_match.text": Text(
        "请先读取案件，把所得 ETag 放在 If-Match 中。", "Read the case first and send its ETag in If-Match."
    ),
    "problem.outdated.title": Text("案件已被他人修改", "Somebody changed the case meanwhile"),
    "problem.outdated.text": Text(
        "没有保存。请重新读取案件，合并后再提交。",
        "Nothing was saved. Read the case again, and send what is still to be changed.",
    ),
    "problem.no_such_link.title": Text("本案没有这项关联", "The case has no such link"),
    "problem.no_such_link.text": Text("请重新读取关联列表。", "Read the list of links again."),
}
