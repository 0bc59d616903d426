"""The texts of the pages about legal review, in both languages."""

from liuhen_server.web.stay_texts import Text

__all__ = ["REVIEW_TEXTS"]

REVIEW_TEXTS: dict[str, Text] = {
    "action.see_reviews": Text("查看法制审核", "see legal reviews"),
    "action.submit_reviews": Text("送审、答复、撤回", "submit to review, answer, withdraw"),
    "action.give_opinions": Text("出具法制审核意见", "give opinions of the review"),
    "action.extend_reviews": Text("批准延长审核、登记协调结果", "extend reviews, write down coordination"),
    "action.answer_prereviews": Text("答复预审", "answer pre-reviews"),
    "action.keep_major_lists": Text("编制重大执法决定目录", "draft major-decision lists"),
    "action.approve_major_lists": Text("批准重大执法决定目录", "approve major-decision lists"),
    "action.keep_reviewers": Text("登记法制审核人员资格", "write down reviewers' qualification"),
}
