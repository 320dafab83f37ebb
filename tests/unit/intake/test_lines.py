"""Lines come out whole however the bytes came in, and one that is too long takes only itself away."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.intake.channels.http.lines import TOO_LONG, LineCutter


def cut(body: bytes, sizes: list[int], max_bytes: int) -> list[bytes | None]:
    cutter, lines, start = LineCutter(max_bytes), list[bytes | None](), 0
    for size in [*sizes, len(body)]:
        lines.extend(cutter.feed(body[start : start + size]))
        start += size
    return [*lines, *cutter.finish()]


@given(
    st.lists(st.binary(max_size=12).filter(lambda line: b"\n" not in line), max_size=8),
    st.booleans(),
    st.lists(st.integers(0, 9), max_size=20),
    st.integers(1, 12),
)
def test_pieces_do_not_matter(lines: list[bytes], ended: bool, sizes: list[int], max_bytes: int) -> None:
    body = b"\n".join(lines) + (b"\n" if ended else b"")
    expected = body.split(b"\n")
    if expected[-1] == b"":
        expected.pop()
    assert cut(body, sizes, max_bytes) == [line if len(line) <= max_bytes else TOO_LONG for line in expected]
