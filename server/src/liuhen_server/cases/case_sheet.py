"""The sheet of cases: its columns, what each row says, and what is wrong with which row. Pure; the rows come from `sheets`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from liuhen_server.cases.classes import CLASSES, Stage, class_of
from liuhen_server.cases.fields import PARTY_KINDS, one_line, parties_of
from liuhen_server.cases.handling import check_handlers
from liuhen_server.cases.numbers import parse_number
from liuhen_server.cases.reading import Case, Party
from liuhen_server.cases.record import New
from liuhen_server.cases.said import Said, Wrong
from liuhen_server.cases.sheets import Row
from liuhen_server.cases.tables import wrong_columns
from liuhen_server.registry.officers import Officer

__all__ = [
    "COLUMNS",
    "FIELD_COLUMNS",
    "MOST_ROWS",
    "Draft",
    "Judged",
    "Mistake",
    "Sheet",
    "exported",
    "header",
    "judge",
    "mistake",
    "read_sheet",
    "template_header",
    "template_notes",
]

MOST_ROWS = 300
"""Cases of one import: while it is carried out nobody else acts (acts.py), so it must be over in seconds."""
MOST_MISTAKES = 200


@dataclass(frozen=True, slots=True)
class Column:
    """`into`: read by an import; the others only stand in an export. `hint`: what belongs into it."""

    key: str
    name: Said
    hint: Said
    width: int
    into: bool = True
    required: bool = False


_CLASS_NAMES = "、".join(each.name.zh for each in CLASSES.values())
_KIND_NAMES = {"organisation": Said("单位", "organisation"), "person": Said("个人", "person")}
_SEVERAL = Said("多名当事人用“；”隔开，各列次序一致", "several parties stand apart by ;, in one order in every column")

COLUMNS: tuple[Column, ...] = (
    Column(
        "number",
        Said("案号", "Number"),
        Said("如 朝县市监罚〔2019〕12号；留空则顺编下一个", "as 朝县市监罚〔2019〕12号; empty: the next one"),
        26,
    ),
    Column("class", Said("执法类别", "Class"), Said(_CLASS_NAMES, ", ".join(CLASSES)), 14, required=True),
    Column("title", Said("案由", "Subject"), Said("最多 200 字", "at most 200 characters"), 36, required=True),
    Column("party", Said("当事人", "Parties"), Said("姓名或名称；" + _SEVERAL.zh, "names; " + _SEVERAL.en), 28),
    Column(
        "party_kind",
        Said("当事人类型", "Party types"),
        Said("单位、个人；留空则为单位", "organisation or person; empty: organisation"),
        14,
    ),
    Column(
        "party_code",
        Said("证件号码", "Party codes"),
        Said("统一社会信用代码或证件号", "credit code or identity document"),
        24,
    ),
    Column("representative", Said("法定代表人", "Representatives"), Said("单位填写", "of an organisation"), 16),
    Column("contact", Said("联系方式", "Contacts"), Said("电话等，可留空", "a telephone number; may be empty"), 18),
    Column(
        "handlers",
        Said("承办人证号", "Handlers"),
        Said("执法证号，至少两个，用“、”隔开", "certificate numbers, at least two, with a comma between"),
        26,
        required=True,
    ),
    Column("stage", Said("环节", "Stage"), Said("只导出", "export only"), 12, into=False),
    Column(
        "opened", Said("立案日期", "Opened"), Said("只导出；导入的案件自导入当天立案", "export only"), 12, into=False
    ),
    Column("handler_names", Said("承办人", "Handler names"), Said("只导出", "export only"), 18, into=False),
)
_BY_NAME = {text.lower(): column for column in COLUMNS for text in (column.name.zh, column.name.en)}
_BY_KEY = {column.key: column for column in COLUMNS}
FIELD_COLUMNS = {"number": "number", "class": "class", "title": "title", "parties": "party", "handlers": "handlers"}
_APART = re.compile(r"[、，,；;\s]+")


@dataclass(frozen=True, slots=True)
class Mistake:
    """`row` as the spreadsheet counts; 0: the sheet as a whole. `column`: its name, empty for the whole row."""

    row: int
    column: Said
    said: Said


@dataclass(frozen=True, slots=True)
class Draft:
    """One row as it would be opened. `certificates` as written; `number` empty: the next one."""

    row: int
    number: str
    enforcement: str
    title: str
    parties: tuple[Party, ...]
    certificates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """`ignored`: columns that stand there and are only for export. `decided`: how many rows say that their case was decided elsewhere;
    each of them is among the mistakes.
    """

    drafts: tuple[Draft, ...]
    mistakes: tuple[Mistake, ...]
    ignored: tuple[Said, ...]
    decided: int = 0


@dataclass(frozen=True, slots=True)
class Judged:
    """A row that can be opened, as it would be: shown before it is done."""

    row: int
    new: New


def header() -> tuple[str, ...]:
    """The first row of every sheet, as people read it."""
    return tuple(column.name.zh for column in COLUMNS)


def template_header() -> tuple[str, ...]:
    return tuple(column.name.zh for column in COLUMNS if column.into)


def template_notes() -> list[list[str]]:
    """The second sheet of the template: what belongs into each column."""
    rows = [["列", "填写说明"]]
    for column in COLUMNS:
        if column.into:
            rows.append([column.name.zh, column.hint.zh + ("（必填）" if column.required else "")])
    return [*rows, ["", f"每次最多 {MOST_ROWS} 行；只读第一张工作表；不要用公式。"]]


# --- reading: pure


def read_sheet(rows: Iterator[Row]) -> Sheet:
    """What the rows say, each mistake by its row and column. Raises Wrong for a sheet whose columns do not fit, and for one
    with more than `MOST_ROWS` rows, without reading further.
    """
    first = next(rows, None)
    if first is None:
        raise Wrong("表格是空的，请先下载模板", "the sheet is empty; begin with the template", "file")
    places, ignored = _places(first.cells)
    stage_at = next((place for place, cell in enumerate(first.cells) if _column(cell) is _BY_KEY["stage"]), None)
    drafts, mistakes, seen, decided = list[Draft](), list[Mistake](), dict[str, int](), 0
    for count, row in enumerate(rows, 1):
        if count > MOST_ROWS:
            raise Wrong(
                f"表格超过 {MOST_ROWS} 行，请分成几个文件导入",
                f"more than {MOST_ROWS} rows; make several sheets of it",
                "file",
            )
        draft, wrong = _read_row(row, places)
        mistakes += wrong
        stage = row.cells[stage_at].strip() if stage_at is not None and stage_at < len(row.cells) else ""
        if stage in _DECIDED_STAGES:
            mistakes.append(mistake(row.number, "stage", _decided_elsewhere(stage)))
            decided += 1
        if draft is None:
            continue
        if draft.number:
            key = parse_number(draft.number).key
            if key in seen:
                mistakes.append(
                    mistake(
                        row.number,
                        "number",
                        Said(
                            f"案号与第 {seen[key]} 行重复，请删去一行或改正",
                            f"the number stands in row {seen[key]} too; take one away",
                        ),
                    )
                )
            seen.setdefault(key, row.number)
        drafts.append(draft)
    if not drafts and not mistakes:
        raise Wrong("表头之下没有案件", "there is no case below the header", "file")
    return Sheet(tuple(drafts), tuple(mistakes), ignored, decided)


def _places(cells: Sequence[str]) -> tuple[dict[int, Column], tuple[Said, ...]]:
    places, unknown, ignored, twice = dict[int, Column](), list[str](), list[Said](), list[str]()
    for place, cell in enumerate(cells):
        if not cell:
            continue
        column = _column(cell)
        if column is None:
            unknown.append(cell[:20])
        elif not column.into:
            ignored.append(column.name)
        elif column in places.values():
            twice.append(cell)
        else:
            places[place] = column
    missing = [column.name for column in COLUMNS if column.required and column not in places.values()]
    if missing or unknown or twice:
        raise wrong_columns(missing, unknown, twice)
    return places, tuple(ignored)


def _column(cell: str) -> Column | None:
    return _BY_NAME.get(cell.strip().removesuffix("*").strip().lower())


_DECIDED = (Stage.DECISION, Stage.SERVICE, Stage.EXECUTION, Stage.ARCHIVING, Stage.ARCHIVED)
_DECIDED_STAGES = frozenset(
    name
    for each in CLASSES.values()
    for stage in _DECIDED
    for name in (stage.value, each.stage_name(stage).zh, each.stage_name(stage).en)
)


def _decided_elsewhere(stage: str) -> Said:
    return Said(
        f"已到“{stage}”：已作出决定的案件不能导入，未经法制审核的决定不能进入证据库（《行政处罚法》第58条）",
        f"it has come to “{stage}”: a case that was decided is not imported, for its decision would come without its review (art. 58)",
    )


def _read_row(row: Row, places: Mapping[int, Column]) -> tuple[Draft | None, list[Mistake]]:
    bad = [mistake(row.number, places[place].key, said) for place, said in row.bad if place in places]
    cells = {column.key: row.cells[place] if place < len(row.cells) else "" for place, column in places.items()}
    wrong = {mistake.column for mistake in bad}
    given: dict[str, str] = {column.key: cells.get(column.key, "") for column in COLUMNS if column.into}
    for column in COLUMNS:
        if column.into and "\x00" in given[column.key]:
            given[column.key] = given[column.key].replace("\x00", "�")
    enforcement, number, title, parties = "", "", "", tuple[Party, ...]()
    for read in ("class", "number", "title", "party"):
        if _BY_KEY[read].name in wrong:
            continue
        try:
            match read:
                case "class":
                    enforcement = _class_key(given["class"])
                case "number":
                    number = str(parse_number(given["number"])) if given["number"] else ""
                case "title":
                    title = one_line(given["title"], "title", 200)
                case "party":
                    parties = _parties(given)
        except Wrong as error:
            bad.append(mistake(row.number, FIELD_COLUMNS.get(error.field, error.field), error.said))
    certificates = tuple(dict.fromkeys(each.upper() for each in _APART.split(given["handlers"]) if each))
    if bad:
        return None, bad
    return Draft(row.number, number, enforcement, title, parties, certificates), []


def _class_key(text: str) -> str:
    for each in CLASSES.values():
        if text in (each.key, each.name.zh, each.name.zh.removeprefix("行政"), each.name.en):
            return each.key
    return class_of(text).key


def _parties(given: Mapping[str, str]) -> tuple[Party, ...]:
    names = _several(given["party"])
    columns = dict[str, list[str]]()
    for key in ("party_kind", "party_code", "representative", "contact"):
        values = _several(given[key])
        if values and len(values) != len(names):
            raise Wrong(
                f"有 {len(names)} 名当事人，此列有 {len(values)} 项；请用“；”隔开，次序一致",
                f"there are {len(names)} parties and {len(values)} entries here; set ; between, in the same order",
                key,
            )
        columns[key] = values or [""] * len(names)
    kinds = []
    for text in columns["party_kind"]:
        kind = next(
            (key for key, said in _KIND_NAMES.items() if text in (key, said.zh)), None if text else PARTY_KINDS[1]
        )
        if kind is None:
            raise Wrong("当事人类型应为“单位”或“个人”", "a party is an organisation or a person", "party_kind")
        kinds.append(kind)
    rows = zip(kinds, names, columns["party_code"], columns["representative"], columns["contact"], strict=True)
    return parties_of(Party(*row) for row in rows)


def _several(text: str) -> list[str]:
    return [each.strip() for each in re.split(r"[；;\n]", text)] if text.strip() else []


def mistake(row: int, key: str, said: Said) -> Mistake:
    return Mistake(row, _BY_KEY[key].name if key in _BY_KEY else Said(key, key), said)


def judge(
    sheet: Sheet, agency: str, known: Mapping[str, Officer], taken: Mapping[str, str], today: date
) -> tuple[tuple[Judged, ...], tuple[Mistake, ...]]:
    """What of the sheet can be opened, and everything that cannot. `known`: officers by certificate; `taken`: the archive's
    numbers of this agency, by their keys. Mistakes in the order of the rows, at most `MOST_MISTAKES`.
    """
    by_id = {officer.id: officer for officer in known.values()}
    mistakes, good = list(sheet.mistakes), list[Judged]()
    for draft in sheet.drafts:
        if draft.number and (other := taken.get(parse_number(draft.number).key)) is not None:
            said = Said(
                f"案号 {other} 已在证据库中，请删去这一行", f"the number {other} is in the archive; take the row away"
            )
            mistakes.append(mistake(draft.row, "number", said))
        unknown = [each for each in draft.certificates if each not in known]
        if unknown:
            names = "、".join(each[:32] for each in unknown[:5])
            said = Said(
                f"本执法主体没有执法证号 {names}；请核对证号，或先登记执法人员",
                f"no officer with the certificate {names}; check it, or register the officer first",
            )
            mistakes.append(mistake(draft.row, "handlers", said))
            continue
        handlers = frozenset(known[each].id for each in draft.certificates)
        try:
            check_handlers(by_id, agency, draft.enforcement, handlers, today)
        except Wrong as wrong:
            mistakes.append(mistake(draft.row, "handlers", wrong.said))
            continue
        new = New(agency, draft.enforcement, draft.title, tuple(sorted(handlers)), draft.number, draft.parties)
        good.append(Judged(draft.row, new))
    mistakes.sort(key=lambda each: each.row)
    return (() if mistakes else tuple(good)), tuple(mistakes[:MOST_MISTAKES])


def exported(case: Case, parties: Sequence[Party], handlers: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    def together(values: Sequence[str]) -> str:
        return "；".join(value.replace("；", "，").replace(";", "，") for value in values) if any(values) else ""

    return (
        case.number,
        case.rules.name.zh,
        case.title,
        together([party.name for party in parties]),
        together([_KIND_NAMES[party.kind].zh for party in parties]),
        together([party.code for party in parties]),
        together([party.representative for party in parties]),
        together([party.contact for party in parties]),
        "、".join(certificate for certificate, _ in handlers),
        case.rules.stage_name(case.stage).zh,
        case.opened_day,
        "、".join(name for _, name in handlers),
    )
