"""Currencies by the names people type: the codes of ISO 4217, and what else the renminbi is called."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

_LIST_ONE: Final = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE "
    "CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF "
    "GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR "
    "LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN "
    "PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS "
    "TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAD XAF XAG XAU XBA XBB XBC "
    "XBD XCD XCG XDR XOF XPD XPF XPT XSU XUA YER ZAR ZMW ZWG"
)
CODES: Final = frozenset(_LIST_ONE.split(" "))
"""ISO 4217, list one (as of 2026, after pycountry 26.2.16), without XTS (tests) and XXX (no currency)."""

_RENMINBI: Final = frozenset(
    {"RMB", "CNH", "CN¥", "RMB¥", "¥", "￥", "元", "圆", "人民币", "人民幣", "YUAN", "RENMINBI"}
)
"""Names of CNY; CNH is what markets outside of the mainland call it. On this bus ¥ is the yuan, as where it runs."""


def currency_code(name: str) -> str | None:
    """The ISO 4217 code that ``name`` means, in any case; None when there is no such currency."""
    code = name.strip().upper()
    if code in _RENMINBI:
        return "CNY"
    return code if code in CODES else None


def known_currency(name: object) -> object:
    """The code of a currency known by this name; anything else as it is, for a reader that tolerates it."""
    return (currency_code(name) or name) if isinstance(name, str) else name


def by_currency(amounts: dict[str, Decimal]) -> dict[str, Decimal]:
    """``amounts`` by their currencies' codes. Raises ValueError naming a currency that is none, or is there twice."""
    found: dict[str, Decimal] = {}
    for name, amount in amounts.items():
        code = currency_code(name)
        if code is None:
            raise ValueError(f"{name!r} is no currency; write a code of ISO 4217, such as CNY or USD")
        if code in found:
            raise ValueError(f"{name!r}: {code} is given twice")
        found[code] = amount
    return found
