"""The texts of the pages about recorders, who has them, and what is not in the register yet, in both languages."""

from liuhen_server.web.stay_texts import Text

__all__ = ["RECORDER_TEXTS"]

_LIST = {
    "nav.recorders": Text("记录仪", "Recorders"),
    "recorders.title": Text("执法记录仪", "Recorders"),
    "recorders.count": Text("共 {count} 台", "{count} in all"),
    "recorders.text": Text("编号或型号", "Serial or model"),
    "recorders.none": Text("还没有登记的记录仪。", "No recorder is in the register yet."),
    "recorders.none.way_out": Text(
        "可在此新增；已入过仓的，见“未登记”。",
        "Add one here; those that were docked already stand under “not registered”.",
    ),
    "recorders.none_match": Text("没有符合条件的记录仪。", "No recorder matches."),
    "recorders.equipment": Text("配备情况", "Equipment"),
    "recorders.equipment.text": Text(
        "在用记录仪与在岗执法人员（有执法类别者）之比。法规未规定须达到的数值。",
        "Recorders in use beside officers who enforce (those with a class). The rules name no figure to be reached.",
    ),
    "recorders.in_use": Text("在用", "In use"),
    "recorders.all": Text("全部（不含遗失、报废）", "All but lost and scrapped"),
    "recorders.officers": Text("在岗执法人员", "Officers"),
    "recorders.ratio": Text("配备比例", "Ratio"),
    "recorders.ratio.none": Text("无在岗人员", "no officer"),
    "recorder.new": Text("新增记录仪", "New recorder"),
    "recorder.serial": Text("编号", "Serial"),
    "recorder.serial.hint": Text(
        "须与记录仪自报的编号完全一致；保存后不再改变。",
        "Exactly as the recorder reports it; it never changes once saved.",
    ),
    "recorder.model": Text("型号", "Model"),
    "recorder.since": Text("此状态起", "In this state since"),
    "recorder.last_seen": Text("最近入仓", "Last docked"),
    "recorder.never_seen": Text("从未入仓", "never docked"),
    "recorder.state.in_use": Text("在用", "in use"),
    "recorder.state.spare": Text("备用", "spare"),
    "recorder.state.in_repair": Text("维修中", "in repair"),
    "recorder.state.lost": Text("遗失", "lost"),
    "recorder.state.scrapped": Text("报废", "scrapped"),
    "recorder.came_back": Text("登记为遗失或报废之后又入过仓", "docked after it was said to be gone"),
    "recorder.came_back.text": Text(
        "请核对这台记录仪现在何处，并更正状态。", "Find out where it is, and put its state right."
    ),
    "recorder.clips": Text("它的音像记录", "Its clips"),
    "recorder.change": Text("登记内容", "In the register"),
    "mistake.recorder_state": Text(
        "不能从现在的状态变为这个状态。", "It cannot come into this state from the present one."
    ),
    "mistake.recorder_held": Text("尚有人领用，请先登记归还。", "Somebody still has it: write down its return first."),
    "mistake.recorder_gone": Text("已登记为遗失或报废。", "It is lost or scrapped."),
    "mistake.recorder_not_there": Text(
        "遗失、报废或维修中的记录仪不能领用。", "What is lost, scrapped or in repair cannot be handed out."
    ),
    "mistake.moment": Text("须为存在的时间。", "There is no such time."),
    "problem.no_such_recorder.title": Text("没有这台记录仪", "There is no such recorder"),
    "problem.no_such_recorder.text": Text("请从列表中查找。", "Look for it in the list."),
}

_HELD = {
    "held.title": Text("领用经过", "Who had it"),
    "held.text": Text(
        "人工登记优先；其余依记录仪内的人员编号推得：从首次显示该编号的入仓起，至显示其他编号为止。在采集站领用的，再次入仓即为归还。",
        "What people wrote goes first; the rest follows from the number in the recorder, from the docking that first showed it "
        "until one that showed another. What was checked out at the dock is given back by docking it again.",
    ),
    "held.none": Text(
        "还没有领用登记，记录仪内也没有可对应的人员编号。", "Nobody wrote anything down, and no number told."
    ),
    "held.officer": Text("领用人", "Officer"),
    "held.from": Text("自", "From"),
    "held.until": Text("至", "Until"),
    "held.still": Text("至今", "still"),
    "held.how": Text("依据", "By"),
    "held.how.recorder": Text("记录仪内的编号", "the recorder's number"),
    "held.how.hand": Text("人工登记", "written down"),
    "held.now": Text("现领用人", "Who has it"),
    "held.nobody": Text("无", "nobody"),
    "held.unlike": Text("记录仪内的编号是另一人的", "The number in the recorder is another officer's"),
    "held.unlike.text": Text(
        "最近入仓时，记录仪内的编号与登记的领用人不符。请在记录仪中更改编号，或更正领用登记。",
        "When it was docked last, it had another officer's number than that of whom it was handed to. Change the number in the "
        "recorder, or what is written down.",
    ),
    "held.add": Text("登记领用", "Hand it out"),
    "held.add.text": Text(
        "时间可填过去的；“至”留空表示仍在领用，“自”留空表示从现在起。",
        "Times can be past ones. Without an end the officer still has it, without a beginning from now on.",
    ),
    "held.choose": Text("请选择", "choose"),
    "held.back": Text("归还", "Given back"),
    "held.back.time": Text("归还时间（留空即现在）", "When (empty: now)"),
    "mistake.holder": Text("请选择本执法主体的在岗人员。", "Choose an active officer of the recorder's agency."),
    "mistake.holding_times": Text("须先后有序，且不晚于现在。", "One after the other, and not in the future."),
    "mistake.holding_overlaps": Text("与已登记的领用时间重叠。", "Somebody had it then already."),
}

_FAULTS = {
    "faults.title": Text("故障与维修", "Faults and repairs"),
    "faults.none": Text("没有报告过故障。", "No fault was reported."),
    "fault.what": Text("故障情况", "What is wrong"),
    "fault.reported": Text("报告", "Reported"),
    "fault.repaired": Text("修复", "Repaired"),
    "fault.repair": Text("维修情况", "What was done"),
    "fault.open": Text("未修复", "not repaired"),
    "fault.report": Text("报告故障", "Report a fault"),
    "fault.report.text": Text(
        "报告后状态变为“维修中”，全部修复后恢复“在用”。", "It is in repair then, and in use again once all is repaired."
    ),
    "fault.done": Text("登记修复", "It is repaired"),
    "recorder.stays": Text("最近入仓情况", "Last stays"),
    "recorder.number_then": Text("当时的人员编号", "Number then"),
}

_UNREGISTERED = {
    "unregistered.title": Text("未登记", "Not registered"),
    "unregistered.lead": Text(
        "采集站报告而登记册中没有的记录仪，以及未知设备留下、尚未认定的音像记录。一人提出，另一人确认，两步都写入日志。",
        "Recorders that docks reported and the register does not have, and clips that unknown devices left. One person proposes, "
        "another confirms; both are entries of the log.",
    ),
    "unregistered.recorders": Text("未登记的记录仪", "Unknown recorders"),
    "unregistered.recorders.none": Text(
        "没有。采集站报告的记录仪都已登记。", "None: all that docks reported are in the register."
    ),
    "unregistered.clips": Text("未认定的音像记录（未知设备）", "Clips of unknown devices"),
    "unregistered.clips.none": Text("没有尚未认定的音像记录。", "None."),
    "unregistered.stays": Text("入仓次数", "Stays"),
    "unregistered.first": Text("首次入仓", "First docked"),
    "unregistered.files": Text("文件数", "Files"),
    "unregistered.propose": Text("提出处理", "Propose"),
    "unregistered.proposed": Text("待确认", "to be confirmed"),
    "unregistered.waiting": Text("待另一人确认", "For another person to confirm"),
    "unregistered.waiting.none": Text("没有待确认的提议。", "Nothing is to be confirmed."),
    "unregistered.decided": Text("已处理", "Decided"),
    "proposal.about.recorder": Text("记录仪 {about}", "recorder {about}"),
    "proposal.about.clips": Text("未知设备一次入仓的音像记录", "clips of one stay of an unknown device"),
    "proposal.of_recorder": Text("处理未登记的记录仪", "An unknown recorder"),
    "proposal.of_clips": Text("认定未知设备的音像记录", "Clips of an unknown device"),
    "proposal.outcome": Text("处理", "What to do"),
    "proposal.assign.recorder": Text("登记到执法主体", "put it into the register"),
    "proposal.dismiss.recorder": Text("不予登记（不是执法记录仪等）", "leave it out (it is no recorder, or nobody's)"),
    "proposal.assign.clips": Text("认定由执法人员拍摄", "say which officer made them"),
    "proposal.dismiss.clips": Text("不予认定（与执法无关等）", "say that they are of no enforcement"),
    "proposal.told.assigned": Text("登记到{agency}", "into the register of {agency}"),
    "proposal.told.assigned_to": Text(
        "登记到{agency}，由{officer}领用", "into the register of {agency}, in the hands of {officer}"
    ),
    "proposal.told.made_by": Text("认定由{officer}（{agency}）拍摄", "made by {officer} ({agency})"),
    "proposal.told.dismissed": Text("不予登记或认定", "left out"),
    "proposal.told.same_person": Text(
        "提出人不能确认自己的提议，须由另一人确认；只有提出人可以撤回。",
        "Nobody confirms what he proposed himself: another person does. Only who proposed withdraws.",
    ),
    "proposal.told.meanwhile": Text("他人已作出决定，见下。", "Somebody decided meanwhile; see below."),
    "proposal.told.misfits": Text(
        "不能照此办理：记录仪已登记、人员已离岗或执法主体已停用。请退回后重新提出。",
        "It cannot be done: the recorder is registered meanwhile, or the officer or agency is no longer active. Refuse it and "
        "propose anew.",
    ),
    "proposal.told.unclear": Text("请选择确认、退回或撤回。", "Confirm, refuse or withdraw."),
    "proposal.not_decided": Text("没有处理。", "Nothing was decided."),
    "proposal.reason": Text("理由", "Reason"),
    "proposal.reason.hint": Text(
        "必填。文字只存数据库，日志只记其承诺值。",
        "Needed. The words stay in the database; the log holds a commitment.",
    ),
    "proposal.officer.optional": Text("领用人（可不填）", "Officer who has it (optional)"),
    "proposal.officer": Text("拍摄人", "Officer who made them"),
    "proposal.by": Text("提出", "Proposed"),
    "proposal.decided": Text("决定", "Decided"),
    "proposal.what": Text("提议", "Proposal"),
    "proposal.do": Text("提出，待另一人确认", "Propose; another person confirms"),
    "proposal.confirm": Text("确认", "Confirm"),
    "proposal.refuse": Text("退回", "Refuse"),
    "proposal.withdraw": Text("撤回", "Withdraw"),
    "proposal.wait": Text("由另一人确认", "another person confirms"),
    "proposal.state.confirmed": Text("已确认", "confirmed"),
    "proposal.state.refused": Text("已退回", "refused"),
    "proposal.state.withdrawn": Text("已撤回", "withdrawn"),
    "stay.made_by": Text("由{officer}拍摄", "made by {officer}"),
    "stay.decided": Text("两人认定", "Two people said"),
    "mistake.proposal_settled": Text("已登记，或已有人提出。", "It is settled, or somebody proposed already."),
    "mistake.not_seen_here": Text(
        "只能认定给该采集站所属执法主体的人员。", "Clips belong to officers of the agency whose dock read them."
    ),
    "problem.no_such_proposal.title": Text("没有这项提议", "There is no such proposal"),
    "problem.no_such_proposal.text": Text("请从“未登记”页查看。", "Look at what is not registered."),
    "changed.proposed": Text("提出", "proposed"),
    "changed.confirmed": Text("确认", "confirmed"),
    "changed.refused": Text("退回", "refused"),
    "changed.withdrawn": Text("撤回", "withdrawn"),
    "action.keep_recorders": Text("维护记录仪", "keep recorders"),
    "action.report_faults": Text("报告故障", "report faults"),
    "action.resolve_recorders": Text("处理未登记记录仪", "resolve unknown recorders"),
    "action.resolve_clips": Text("认定未知设备的音像记录", "resolve clips of unknown devices"),
}

RECORDER_TEXTS: dict[str, Text] = {**_LIST, **_HELD, **_FAULTS, **_UNREGISTERED}
