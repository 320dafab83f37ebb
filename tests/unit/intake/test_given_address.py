"""An e-mail address means what its writer plainly meant; where that is not plain, it stays as it was given."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain.field_problems import read_fields
from services.intake.domain.given_address import meant_address
from services.intake.domain.refusal import DoorRefusal
from services.intake.domain.submission import Submission

PLAIN = "li.hua@example.cn"


def taken_in(email: str) -> str | None:
    read = read_fields(Submission, {"narrative": "坏了", "complainant": {"email": email}})
    assert not isinstance(read, DoorRefusal), read
    return read.complainant.email


@pytest.mark.parametrize(
    "written",
    [
        f"\u200b{PLAIN}", f"{PLAIN}\n", f"  {PLAIN}\t", f"{PLAIN}\u200b\n\ufeff", "li.hua\u200b@example.cn",
        f"\u3000{PLAIN}\u2028", f"李华 <{PLAIN}>", f'"Li Hua" <{PLAIN}>', f"<{PLAIN}>", f"mailto:{PLAIN}",
        f"MAILTO: {PLAIN}".replace(": ", ":"), f"李华 <mailto:{PLAIN}>", "li.hua＠example.cn", "li．hua＠ｅxample.cn",
    ],
)  # fmt: skip
def test_what_can_mean_one_address_alone_is_that_address(written: str) -> None:
    assert taken_in(written) == PLAIN


@pytest.mark.parametrize(
    "written",
    [
        "notmail", "13800138000", "a@example.cn, b@example.cn", "a@example.cn <b@example.cn>", "a@b@example.cn",
        "Li <a@example.cn> <b@example.cn>", f"{PLAIN}\r\nBcc: all@example.cn", "a b@example.cn", "@example.cn", "a@",
        f"mailto:{PLAIN}?cc=b@example.cn", "a\x07@example.cn", f"mailto:mailto:{PLAIN}",
    ],
)  # fmt: skip
def test_what_is_not_plain_is_taken_in_as_it_was_given(written: str) -> None:
    """The complaint counts; the letter fails with a reason (``bad_address``)."""
    assert taken_in(written) == written


@given(st.emails())
def test_an_address_that_is_one_stays_itself(email: str) -> None:
    assert meant_address(email) == email


@given(st.text("ab@.<>, :;\n\u200b\u202e＠mailto", max_size=30))
def test_nothing_is_made_up_and_once_is_enough(text: str) -> None:
    meant = meant_address(text)
    assert meant_address(meant) == meant
    assert meant == text or meant.count("@") == 1
