"""Why the log stopped, by its code, and what to do (docs/operations.md, "When the log stops")."""

from liuhen_server.web.stay_texts import Text

__all__ = ["LOG_TEXTS"]

_NEWEST_DATABASE = (
    "请恢复最新的数据库，并查明谁在写它。",
    "Restore the newest database, and find out who writes into it.",
)
_NEWEST_LOG = ("请恢复最新的 log/ 目录。", "Restore the newest log/ folder.")

_STOPPED: dict[str, tuple[str, str]] = {
    "behind-witness": (
        "见证方联署过的多于本库签过的：这是旧副本。请恢复最新的数据库和 log/ 目录。",
        "A witness has cosigned more than this archive signed: it is an older copy. Restore the newest database and log/ folder.",
    ),
    "other-history": (
        "见证方联署过另一段历史：本库被回退或改动过。请恢复最新的数据库和 log/ 目录；若已是最新，全部保留并通知监督单位。",
        "A witness has cosigned another history: this archive was rolled back or altered. Restore the newest database and log/ folder.",
    ),
    "database-rolled-back": (
        "log/ 目录比数据库新。请恢复最新的数据库。",
        "The log/ folder is newer than the database. Restore the newest.",
    ),
    "files-rolled-back": (
        "数据库比 log/ 目录新。" + _NEWEST_LOG[0],
        "The database is newer than the log/ folder. " + _NEWEST_LOG[1],
    ),
    "entry-missing": (
        "数据库中缺少写入过的条目。" + _NEWEST_DATABASE[0],
        "Entries are missing. " + _NEWEST_DATABASE[1],
    ),
    "entry-added": (
        "数据库中多出没有写入过的条目。" + _NEWEST_DATABASE[0],
        "Entries were added. " + _NEWEST_DATABASE[1],
    ),
    "entry-altered": (
        "数据库中的条目与写入时不符。" + _NEWEST_DATABASE[0],
        "Entries were altered. " + _NEWEST_DATABASE[1],
    ),
    "chain-broken": (
        "数据库中的条目不再逐条相接：签署之前被改动、删除、调换或添加。" + _NEWEST_DATABASE[0],
        "Entries do not continue their chain. " + _NEWEST_DATABASE[1],
    ),
    "other-tile": (
        "log/ 目录下的文件被改动。" + _NEWEST_LOG[0],
        "Files of the log/ folder were altered. " + _NEWEST_LOG[1],
    ),
    "tiles-missing": (
        "log/ 目录下的文件缺失。" + _NEWEST_LOG[0],
        "Files of the log/ folder are missing. " + _NEWEST_LOG[1],
    ),
    "other-checkpoint": (
        "log/ 目录下的检查点被改动。" + _NEWEST_LOG[0],
        "The checkpoint was altered. " + _NEWEST_LOG[1],
    ),
    "restored": (
        "本库由备份恢复：备份之后的内容不在其中。若别处有更新的数据库和日志，请恢复那一份；否则运行 liuhen-server resume。",
        "Restored from a backup. If a newer database and log exist anywhere, restore those; else run liuhen-server resume.",
    ),
}

LOG_TEXTS = {f"stopped.{code}": Text(*texts) for code, texts in _STOPPED.items()}
