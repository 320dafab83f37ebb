"""Settles in which encoding a file of submissions is read: the one that is named, its mark, or what the signs say."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import BinaryIO, Final

from services.cli.send import wording
from services.cli.send.columns import UnusableFile
from services.cli.send.encoding_signs import Judgement, judge
from shared.language import Text

CHUNK_BYTES: Final = 1 << 20

_MARKS: Final = {
    codecs.BOM_UTF32_LE: "utf-32",  # begins as the mark of UTF-16 does
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    b"\x84\x31\x95\x33": "gb18030",
}
_LONGEST_MARK = max(map(len, _MARKS))
_REASONS: Final = {
    "zero_bytes": wording.ZERO_BYTES,
    "seven_bit": wording.SEVEN_BIT,
    "ambiguous": wording.READS_AS_SEVERAL,
    "no_common_chinese": wording.NO_COMMON_CHINESE,
    "does_not_decode": wording.NEITHER_OF_BOTH,
}


def settle_encoding(content: BinaryIO, named: str | None) -> str:
    """The encoding of the whole of ``content``. Raises UnusableFile when it is not certain or does not hold.

    ``named`` is what the sender says; a mark that says otherwise is believed less.
    """
    content.seek(0)
    head = content.read(_LONGEST_MARK)
    marked = next((name for mark, name in _MARKS.items() if head.startswith(mark)), None)
    if named is not None:
        return _require_all_of_it(content, _with_mark(_known(named), marked), wording.NAMED_NOT_KEPT)
    if marked is not None:
        return _require_all_of_it(content, marked, wording.MARK_NOT_KEPT)
    judgement = judge(lambda: chunks_of(content))
    if judgement.encoding is None:
        raise UnusableFile(_not_certain(content, judgement))
    return judgement.encoding


def chunks_of(content: BinaryIO) -> Iterator[bytes]:
    """The bytes from the start, a piece at a time."""
    content.seek(0)
    while chunk := content.read(CHUNK_BYTES):
        yield chunk


def _known(name: str) -> str:
    try:
        "".encode(name)
        return codecs.lookup(name).name
    except (LookupError, ValueError):
        raise UnusableFile(wording.filled(wording.UNKNOWN_ENCODING, name=ascii(name))) from None


def _with_mark(name: str, marked: str | None) -> str:
    """``name`` so that a mark at the start is taken for one, and not for the first character."""
    return marked if marked is not None and marked.removesuffix("-sig") == name.removesuffix("-sig") else name


def _require_all_of_it(content: BinaryIO, encoding: str, refusal: Text) -> str:
    """A name or a mark is a promise about the whole; a broken one is found before anything is sent."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for chunk in chunks_of(content):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeError:
        name = encoding.removesuffix("-sig").upper()
        raise UnusableFile(wording.filled(refusal, name=name)) from None
    return encoding


def _not_certain(content: BinaryIO, judgement: Judgement) -> Text:
    if judgement.reason == "broken_utf_8":
        content.seek(0)
        line = content.read(judgement.place).count(b"\n") + 1
        return wording.filled(wording.BROKEN_UTF_8, line=line)
    why = wording.filled(_REASONS[judgement.reason], likely=judgement.likely)
    return Text(
        wording.NOT_CERTAIN.en.format(why=why.en, likely=judgement.likely),
        wording.NOT_CERTAIN.zh.format(why=why.zh, likely=judgement.likely),
    )
