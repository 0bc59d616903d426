"""The texts of check-out at the dock, in both languages."""

from liuhen_server.web.stay_texts import Text

__all__ = ["CHECK_OUT_TEXTS"]

CHECK_OUT_TEXTS: dict[str, Text] = {
    "checkout.title": Text("领用登记", "Check-out"),
    "checkout.at": Text("领用登记：{dock}", "Check-out: {dock}"),
    "checkout.lead": Text(
        "从采集站取走记录仪前按一下。再次入仓即为归还。",
        "Press before you take a recorder from the dock. Docking it again gives it back.",
    ),
    "checkout.docks": Text("请选择采集站", "Choose the dock"),
    "checkout.no_dock": Text("本执法主体没有采集站。", "Your agency has no dock."),
    "checkout.no_dock.way_out": Text("采集站由系统管理员登记。", "The system administrator enrols docks."),
    "checkout.none": Text("这台采集站中没有记录仪。", "No recorder stands in this dock."),
    "checkout.none.way_out": Text(
        "以采集站报来的为准；采集站断网时，稍后再看。",
        "This is what the dock reported. If it is cut off from the network, look again later.",
    ),
    "checkout.bay": Text("槽位 {bay}", "Bay {bay}"),
    "checkout.take": Text("由我领用", "I take it"),
    "checkout.take_for": Text("领用", "Check out"),
    "checkout.for": Text("领用人", "For whom"),
    "checkout.for.self": Text("本人：{name}", "myself: {name}"),
    "checkout.back": Text("没有取走，归还", "I left it here: give it back"),
    "checkout.yours": Text("由您领用", "You have it"),
    "checkout.held": Text("由{officer}领用", "{officer} has it"),
    "checkout.last": Text("上次领用：{officer}", "Last with {officer}"),
    "checkout.last.none": Text("尚无领用记录", "nobody had it yet"),
    "checkout.ready.ready": Text("可以取走", "safe to take"),
    "checkout.ready.reading": Text("尚未读完，请稍候", "still being read: wait"),
    "checkout.ready.failed": Text("有文件未能读出，请告知档案管理员", "a file could not be read: tell the archivist"),
    "checkout.ready.unseen": Text(
        "是否读完不详，以采集站指示灯为准", "not known here whether it was read: see the dock's lamp"
    ),
    "checkout.ready.unknown": Text("未知设备，不得取走", "unknown device: leave it"),
    "checkout.ready.out": Text("已取出", "taken out"),
    "checkout.not_done": Text("没有登记", "Nothing was written down"),
    "checkout.code": Text("张贴在采集站旁的二维码", "The code to put up beside the dock"),
    "checkout.code.text": Text(
        "用手机扫描即打开本页；仍须本人登录。", "A telephone that reads it opens this page; people still sign in."
    ),
    "checkout.code.picture": Text("本页地址的二维码", "The address of this page as a QR code"),
    "held.how.check_out": Text("在采集站领用", "checked out at the dock"),
    "mistake.check_out_unregistered": Text(
        "未登记的记录仪，不能领用。", "It is not in the register and cannot be taken."
    ),
    "mistake.check_out_no_officer": Text(
        "账号未关联在岗的执法人员，不能领用。",
        "No active officer belongs to this account; only officers take recorders.",
    ),
    "mistake.check_out_agency": Text("记录仪属于其他执法主体。", "The recorder is another agency's."),
    "mistake.check_out_certificate": Text(
        "执法证件不在有效期内，不能领用。", "The officer's certificate is not valid (or its end is not known)."
    ),
    "mistake.check_out_state": Text(
        "记录仪不在用（备用、维修中、遗失或报废），不能领用。",
        "The recorder is not in use (spare, in repair, lost or scrapped).",
    ),
    "mistake.check_out_moved": Text("记录仪已不在这个槽位。", "It does not stand in this bay any more."),
    "mistake.check_out_held": Text(
        "已有他人领用，见下。如已归还，请在槽位旁登记放回，或请负责人、档案管理员登记。",
        "Somebody else has it, see below. If it stands in the bay again, say so there, or the head or the archivist does.",
    ),
    "mistake.check_out_yours": Text("已由该人员领用。", "That officer has it already."),
    "mistake.check_out_not_yours": Text("不是您在采集站领用的。", "It is not you who checked it out."),
    "mistake.check_out_not_there": Text(
        "记录仪不在槽位中，放回采集站即为归还。", "It is not in the bay; docking it gives it back."
    ),
    "problem.no_such_dock.title": Text("没有这台采集站", "There is no such dock"),
    "problem.no_such_dock.text": Text("它不存在，或不属于您的执法主体。", "It is not there, or is not your agency's."),
    "action.check_out": Text("领用记录仪", "check out recorders"),
}
