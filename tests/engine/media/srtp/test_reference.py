# SPDX-License-Identifier: AGPL-3.0-or-later
"""The reference that libsrtp's packets are compared with gives the RFCs' own numbers."""

from __future__ import annotations

from tests.engine.media.srtp.reference import derive, gcm_rtcp, gcm_rtp, key_stream

_OMNIA = bytes.fromhex("8040f17b8041f8d35501a0b247616c6c696120657374206f6d6e69732064697669736120696e207061727465732074726573")
_QUID_PRO_QUO = b"Quid pro quo"
_REPORT = bytes.fromhex(
    "81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61deadbeefdeadbeefdeadbeefdeadbeefdeadbeef"
)


def test_the_key_stream_of_rfc_3711_appendix_b_2() -> None:
    start = int("F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000", 16)
    stream = key_stream(bytes.fromhex("2B7E151628AED2A6ABF7158809CF4F3C"), start, 0xFF02 * 16)
    assert stream[:16].hex() == "e03ead0935c95e80e166b16dd92b4eb4"
    assert stream[16:32].hex() == "d23513162b02d0f72a43a2fe4a5f97ab"
    assert stream[0xFEFF * 16 : 0xFF00 * 16].hex() == "ec8cdf7398607cb0f2d21675ea9ea1e4"


def test_the_keys_of_rfc_3711_appendix_b_3() -> None:
    key = bytes.fromhex("E1F97A0D3E018BE0D64FA32C06DE4139")
    salt = bytes.fromhex("0EC675AD498AFEEBB6960B3AABE6")
    assert derive(key, salt, 0, 16).hex() == "c61e7a93744f39ee10734afe3ff7a087"
    assert derive(key, salt, 2, 14).hex() == "30cbbc08863d8c85d49db34a9ae1"
    assert derive(key, salt, 1, 94).hex().startswith("cebe321f6ff7716b6fd4ab49af256a156d38baa4")


def test_the_keys_of_rfc_6188_section_7_2() -> None:
    key = bytes.fromhex("f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6")
    salt = bytes.fromhex("3b04803de51ee7c96423ab5b78d2")
    assert derive(key, salt, 0, 32).hex() == "5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4"
    assert derive(key, salt, 2, 14).hex() == "fa31791685ca444a9e07c6c64e93"
    assert derive(key, salt, 1, 20).hex() == "fd9c32d39ed5fbb5a9dc96b30818454d1313dc05"


def test_rtp_of_rfc_7714_section_16_1() -> None:
    encrypted = gcm_rtp(bytes(range(16)), _QUID_PRO_QUO, _OMNIA, 0)
    assert encrypted.hex() == (
        "8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833"
        "899d7f27beb16a9152cf765ee4390cce"
    )
    assert gcm_rtp(bytes(range(32)), _QUID_PRO_QUO, _OMNIA, 0).hex() == (
        "8040f17b8041f8d35501a0b232b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799b87b"
        "7aa3db36dfffd6b0f9bb7878d7a76c13"
    )


def test_rtcp_of_rfc_7714_section_17_1() -> None:
    encrypted = gcm_rtcp(bytes(range(16)), _QUID_PRO_QUO, _REPORT, 0x5D4)
    assert encrypted.hex() == (
        "81c8000d4d61727363e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b4686303ded0bb9275bc84aa458"
        "96cf4d2fc5abf872"
        "45d9eade800005d4"
    )
    assert gcm_rtcp(bytes(range(32)), _QUID_PRO_QUO, _REPORT, 0x5D4).hex() == (
        "81c8000d4d617273d50ae4d1f5ce5d304ba297e47d470c282c3ece5dbffe0a50a2eaa5c1110555be8415f658c61de0476f1b6fad"
        "1d1eb30c4446839f57ff6f6cb26ac3be800005d4"
    )
    assert gcm_rtcp(bytes(range(16)), _QUID_PRO_QUO, _REPORT, 0x5D4, encrypt=False).hex() == (
        _REPORT.hex() + "841dd9683dd78ec92ae58790125f62b3000005d4"
    )
