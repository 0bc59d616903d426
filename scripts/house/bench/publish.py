"""Writing the public site of 100,000 decisions, beside writing files of the same number and size; memory is looked at on the way."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import insert

from house.bench.measure import Goal, Result, progress, seconds
from liuhen_protocol.publicity_events import PublicityPublished
from liuhen_server import config as configuration
from liuhen_server.acts import acts_stated
from liuhen_server.config import Config
from liuhen_server.log.archive_chain import utc_now
from liuhen_server.operations.opening import Archive, found, opened
from liuhen_server.publicity.content import Content, digest_of_content, write_content
from liuhen_server.publicity.kinds import FORMS
from liuhen_server.publicity.schema import public_items, public_versions
from liuhen_server.registry.agencies import Agency, add_agency

DECISIONS = 100_000
MOST_SECONDS = 300
AGENCIES = 20
BATCH = 1_000
SURNAMES, GIVEN = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗", "明强丽军磊静敏洋艳勇杰娟涛超霞平刚桂英华"
VIOLATIONS = (
    "销售超过保质期的食品",
    "未取得许可从事经营活动",
    "占用消防通道",
    "未按规定公示价格",
    "使用未经检定的计量器具",
)


def run(work: Path) -> Iterator[Result]:
    progress(f"publish: making {DECISIONS} decisions that are public")
    asyncio.run(_made(work / "archive"))
    command = [sys.executable, "-m", "house.bench.publish", str(work / "archive"), str(work / "site")]
    said: list[dict[str, float]] = []

    def ours() -> None:
        out = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=Path(__file__).resolve().parents[2])
        said.append(json.loads(out.stdout))

    progress("publish: writing the site")
    spent = seconds(ours)
    sizes = [path.stat().st_size for path in (work / "site").rglob("*") if path.is_file()]
    progress(
        f"publish: {len(sizes)} files, {sum(sizes) >> 20} MiB, {spent:.0f} s, at most {said[0]['mib']:.0f} MiB of memory"
    )
    raw = seconds(lambda: _raw(work / "raw", sizes))
    yield Result("publish", spent, "s", "a goal of five minutes", MOST_SECONDS, Goal(1.0, at_least=False))
    # templates, digests, the index and sheets beside the bare files: what rendering costs over what any site costs
    yield Result("publish-over-files", spent, "s", "writing as many files as long", raw, Goal(30, at_least=False))
    yield Result("publish-memory", said[0]["mib"], "MiB", "a bound that does not grow", 400, Goal(1.0, at_least=False))


def _raw(folder: Path, sizes: list[int]) -> None:
    for number, size in enumerate(sizes):
        place = folder / str(number // 1000)
        if number % 1000 == 0:
            place.mkdir(parents=True)
        (place / str(number)).write_bytes(os.urandom(64) * (size // 64 + 1))
    os.sync()
    shutil.rmtree(folder)


async def _made(folder: Path) -> None:
    config = Config(folder=folder, origin="bench.example/log", database=None, witnesses={}, quorum=0)
    await found(config)
    async with opened(config) as archive:
        async with archive.database.write() as conn:
            for number in range(AGENCIES):
                await add_agency(
                    conn,
                    Agency(
                        f"agency-{number}",
                        f"示例县第{number + 1}执法局",
                        f"{number + 1}局",
                        f"示{SURNAMES[number % 20]}",
                    ),
                )
        for start in range(0, DECISIONS, BATCH):
            await _batch(archive, start)


async def _batch(archive: Archive, start: int) -> None:
    items, versions, acts = [], [], []
    async with archive.database.write() as conn:
        for number in range(start, start + BATCH):
            agency, item = f"agency-{number % AGENCIES}", number + 1
            content = write_content(_decision(number))
            digest, day = digest_of_content(content), f"2026-{number % 12 + 1:02d}-{number % 28 + 1:02d}"
            event = PublicityPublished(
                f"item-{item}", 1, agency, "decision", digest, "person-1", "person-2", "person-3", day, None
            )
            stated = await archive.chain.append(conn, event)
            title = f"示罚〔2026〕{number + 1}号"
            items.append(
                {"id": item, "agency": agency, "kind": "decision", "about": f"decision-{item}", "title": title}
            )
            row = {"id": item, "item_id": item, "version": 1, "edit": 3, "state": "published", "content": content}
            row |= {"masked": '{"names":[],"found":[]}', "sha256": digest, "log_index": stated.index}
            row |= {
                "collected_by": "person-1",
                "reviewed_by": "person-2",
                "published_by": "person-3",
                "published_day": day,
            }
            row |= dict.fromkeys(("collected_time", "reviewed_time", "published_time"), stated.time)
            versions.append(row)
            acts.append({"log_index": stated.index, "kind": "publicity.published", "by": "person-3"})
        await conn.execute(insert(public_items), items)
        await conn.execute(insert(public_versions), versions)
        await conn.execute(insert(acts_stated), acts)


def _decision(number: int) -> Content:
    party = f"示例县{SURNAMES[number % 20]}{GIVEN[number // 20 % 20]}{GIVEN[number // 400 % 20]}商行"
    violation = VIOLATIONS[number % 5]
    values = {
        "party": party,
        "party_type": "法人及非法人组织",
        "party_code": f"91211321MA{number:07d}X",
        "document": "行政处罚决定书",
        "number": f"示罚〔2026〕{number + 1}号",
        "violation": violation,
        "facts": f"经查，{party}于 2026 年{violation}，有现场检查笔录、询问笔录和照片为证，当事人对上述事实没有异议。"
        * 2,
        "basis": "《中华人民共和国食品安全法》第一百二十四条第一款第（五）项",
        "kinds": "罚款",
        "content": "罚款人民币五千元整",
        "fine": "0.5",
        "decided": f"2026-{number % 12 + 1:02d}-{number % 28 + 1:02d}",
        "agency": "示例县执法局",
        "source": "示例县执法局",
    }
    return Content("penalty", values["number"], {key: values.get(key, "") for key in FORMS["penalty"].fields})


def main(folder: Path, site: Path) -> None:
    """A process of its own, whose memory is its own."""
    from liuhen_server.acts import MACHINE, Acts
    from liuhen_server.publicity.site.release import Where, release

    async def write() -> None:
        import aiohttp

        async with opened(configuration.load(folder)) as archive, aiohttp.ClientSession() as session:
            sequencer = archive.sequencer(session, "bench")

            async def wait() -> None:
                await sequencer.tick()

            acts = Acts(archive.database, archive.chain, archive.chain.now, secrets.token_bytes)
            where = Where(site, "行政执法公示", "https://example.cn/")
            await release(
                archive.database, archive.reader, acts, MACHINE, archive.config.origin, where, utc_now().date(), wait
            )
            await sequencer.close()

    asyncio.run(write())
    print(json.dumps({"mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
