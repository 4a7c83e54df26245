"""A citizen who hands papers in, and reviewers who look at them."""

from dataclasses import dataclass

import pytest

from models.prereview import PreReview
from server.kit.access import Actor
from server.kit.ports import Ports
from server.prereview import drafts, reviewing
from server.prereview.reviewing import Claim, Verdict
from server.prereview.rules import FindingReason
from tests.support.papers import ITEM, clerk, make_citizen, take_in, together


@dataclass
class Desk:
    """Drives pre-reviews as the routes do, each step in a transaction of its own."""

    ports: Ports
    citizen: Actor

    async def start(self, item_code=ITEM, wish=None, citizen=None):
        citizen = citizen or self.citizen
        return await together(
            lambda: drafts.start_pre_review(
                item_code,
                wished_point_code=wish,
                person_id=citizen.person_id,
                actor=citizen,
                now=self.ports.now(),
            )
        )

    async def hand_in(self, pre_review, *seqs):
        for seq in seqs:
            attachment = await take_in(self.ports, self.citizen)
            await self.put(pre_review, seq, attachment)
        return await PreReview.get(id=pre_review.id)

    async def put(self, pre_review, seq, attachment):
        await together(
            lambda: drafts.hand_in(pre_review, seq, attachment=attachment, now=self.ports.now())
        )

    async def take_back(self, pre_review, seq):
        await together(lambda: drafts.take_back(pre_review, seq, now=self.ports.now()))

    async def submit(self, pre_review):
        row = await PreReview.get(id=pre_review.id)
        await together(
            lambda: drafts.submit(row, actor=self.citizen, now=self.ports.now(), ports=self.ports)
        )
        return row

    async def submitted(self, *seqs, wish=None):
        draft = await self.start(wish=wish)
        return await self.submit(await self.hand_in(draft, *(seqs or (1, 2))))

    async def withdraw(self, pre_review):
        row = await PreReview.get(id=pre_review.id)
        await together(
            lambda: drafts.withdraw(
                row, actor=self.citizen, now=self.ports.now(), redis=self.ports.redis
            )
        )

    async def claim(self, reviewer=None):
        reviewer = reviewer or clerk(1)
        row, task = await together(
            lambda: reviewing.claim_next(
                reviewer.point_code, reviewer, now=self.ports.now(), ports=self.ports
            )
        )
        return row, Claim(task.fence, reviewer, reviewer.point_code)

    async def pass_papers(self, pre_review, claim):
        row = await PreReview.get(id=pre_review.id)
        await together(
            lambda: reviewing.pass_papers(row, claim, now=self.ports.now(), redis=self.ports.redis)
        )

    async def send_back(self, pre_review, claim, repeat_reason=None, **findings):
        verdicts = [
            Verdict(int(seq[1:]), FindingReason(reason), "" if reason == "in_order" else "请重拍")
            for seq, reason in findings.items()
        ]
        row = await PreReview.get(id=pre_review.id)
        await together(
            lambda: reviewing.return_papers(
                row,
                claim,
                verdicts=verdicts,
                repeat_reason=repeat_reason,
                now=self.ports.now(),
                redis=self.ports.redis,
            )
        )


@pytest.fixture
async def desk(ports):
    """Everybody who has to do with pre-reviews."""
    return Desk(ports, await make_citizen())
