"""Bytes to characters: every encoding the web still has, declared rightly, wrongly or not at all."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recall.page.text.charset import MAX_SCORED, as_utf8, decode
from recall.page.text.encoded import characters
from recall.page.text.encoding_tables import encoding_of

RUSSIAN = "Привет, мир! Это обычный русский текст о погоде и книгах. " * 4
JAPANESE = "こんにちは世界。これは日本語の普通の文章です。カタカナと漢字も含みます。" * 4
CHINESE = "你好，世界。这是一段普通的中文文本，用来检测编码。" * 4
KOREAN = "안녕하세요 세계. 이것은 평범한 한국어 문장입니다." * 4
FRENCH = "Élève à l’école, où ça coûte 3 € : « très bien » déjà vu, naïve façade. " * 4


@pytest.mark.parametrize(
    ("text", "label", "codec"),
    [
        (RUSSIAN, "windows-1251", "cp1251"),
        (RUSSIAN, "koi8-r", "koi8-r"),
        (RUSSIAN, "x-mac-cyrillic", "mac_cyrillic"),
        (RUSSIAN, "iso-8859-5", "iso8859-5"),
        (JAPANESE, "shift_jis", "cp932"),
        (JAPANESE, "euc-jp", "euc_jp"),
        (JAPANESE, "iso-2022-jp", "iso2022_jp"),
        (CHINESE, "gb2312", "gbk"),
        (CHINESE, "GB18030", "gb18030"),
        ("繁體中文網頁，測試編碼。" * 4, "big5", "big5"),
        (KOREAN, "ks_c_5601-1987", "cp949"),
        (FRENCH, "iso-8859-1", "cp1252"),
        (RUSSIAN, "utf-16le", "utf-16-le"),
        (RUSSIAN, "utf8", "utf-8"),
    ],
)
def test_what_header_or_page_declare_is_used(text: str, label: str, codec: str) -> None:
    html = f"<html><head></head><p>{text}</p>"
    assert decode(html.encode(codec), label) == html
    assert decode(html.encode(codec), f' "{label.upper()}" ') == html
    if codec != "utf-16-le":
        meta = html.replace("<head>", f"<head><META http-equiv=Content-Type content='text/html; charset={label}'>")
        assert decode(meta.encode(codec)) == meta
        short = html.replace("<head>", f'<head><meta charset="{label}">')
        assert decode(short.encode(codec)) == short


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        (RUSSIAN, "cp1251"),
        (JAPANESE, "cp932"),
        (JAPANESE, "euc_jp"),
        (JAPANESE, "iso2022_jp"),
        (CHINESE, "gbk"),
        (KOREAN, "cp949"),
    ],
)
def test_what_is_not_declared_is_detected(text: str, codec: str) -> None:
    assert decode(f"<p>{text}</p>".encode(codec)) == f"<p>{text}</p>"


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_byte_order_marks_and_utf_16_need_no_declaration(codec: str) -> None:
    assert decode("<p>plain text of a page</p>".encode(codec), "windows-1252") == "<p>plain text of a page</p>"


def test_valid_utf_8_outdoes_a_wrong_declaration() -> None:
    html = f"<meta charset=iso-8859-1><p>{FRENCH}"
    assert decode(html.encode(), "gb2312") == html


def test_a_few_broken_bytes_do_not_unmake_utf_8() -> None:
    body = RUSSIAN.encode() + b"\xff\xd0" + RUSSIAN.encode()
    assert decode(body, "windows-1251") == RUSSIAN + "\ufffd\ufffd" + RUSSIAN


@pytest.mark.parametrize("declared", ["header", "page"])
def test_declared_utf_8_may_have_more_broken_bytes(declared: str) -> None:
    body = b"<meta charset=utf-8>" * (declared == "page") + "It’s “so” déjà".encode() + b" \xa9 2013 \x96 na\xefve"
    assert decode(body, "utf-8" if declared == "header" else None).endswith(
        "It’s “so” déjà \ufffd 2013 \ufffd na\ufffdve"
    )


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        (JAPANESE, "euc_jp"),
        (JAPANESE, "cp932"),
        (CHINESE, "gbk"),
        (KOREAN, "cp949"),
        (RUSSIAN, "cp1251"),
        (FRENCH, "cp1252"),
    ],
)
def test_utf_8_that_is_declared_for_other_encodings_is_not_believed(text: str, codec: str) -> None:
    assert decode(f"<p>{text}".encode(codec), "utf-8") == f"<p>{text}"


def test_few_accents_are_no_code_page_of_dos() -> None:
    assert decode(b"<p>Fran\xe7ais <p>Contact Us <p>Qu\xe9bec", "utf-8") == "<p>Français <p>Contact Us <p>Québec"


def test_a_header_of_a_servers_default_yields_to_the_page() -> None:
    html = f"<meta charset=windows-1251><p>{RUSSIAN}"
    assert decode(html.encode("cp1251"), "iso-8859-1") == html


def test_a_declaration_in_a_comment_or_that_does_not_fit_is_passed_over() -> None:
    html = f"<!-- <meta charset=utf-16> --><meta charset=utf-8><meta charset=euc-kr><p>{RUSSIAN}"
    assert decode(html.encode("cp1251")) == html


def test_few_accents_are_windows_1252() -> None:
    assert decode("<p>Price £3, “quoted” café</p>".encode("cp1252")) == "<p>Price £3, “quoted” café</p>"


def test_a_character_cut_off_at_the_end_is_left_out() -> None:
    assert decode("aé".encode()[:-1]) == "a"
    body = b"a" * (MAX_SCORED - 1) + "é".encode()
    assert as_utf8(body) == b"a" * (MAX_SCORED - 1)
    assert decode(body) == "a" * (MAX_SCORED - 1) + "é"


def test_nul_is_left_out() -> None:
    assert decode(b"a\0b\0\0 plain text") == "ab plain text"


@pytest.mark.parametrize(
    "head",
    [
        "<meta name=description content='charset=koi8-r'><meta charset=windows-1251>",
        "<meta property=x content=\"charset='koi8-r'\"><META\nHTTP-EQUIV='Content-Type' CONTENT='x; charset=cp1251;x'>",
        "<meta data-x='>' charset = x-cp1251 >",
        "<meta/charset='&#x20;'/><meta charset=utf-9><meta/CHARSET=Windows-1251/>",
        "<meta charset=windows-1251 charset=koi8-r>",
        "<meta http-equiv=refresh content='0;charset=koi8-r'><meta charset='\twindows-1251\n'>",
        "<?xml version='1.0' encoding='koi8-r'?><meta charset=windows-1251>",
        " <?xml version='1.0' encoding='windows-1251'?><html>",
        "<meta content='text/html; charset=windows-1251'>",
        "<meta charset=hz-gb-2312><meta charset=iso-2022-cn><meta charset=windows-1251>",
    ],
)
def test_a_page_declares_its_encoding_as_browsers_read_it(head: str) -> None:
    html = f"{head}<p>{'Ё' * 40} {RUSSIAN}"
    assert decode(html.encode("cp1251")) == html


@pytest.mark.parametrize(
    ("text", "label", "codec"),
    [
        ("①㎝" * 20, "euc-jp", "euc_jis_2004"),
        ("①㎝～－" * 20, "shift_jis", "cp932"),
        ("똠방각하" * 20, "euc-kr", "cp949"),
        ("ґЎўҐ" * 20, "koi8-u", "koi8_u"),
        ("“café” Ž" * 20, "latin1", "cp1252"),
        ("กขค€" * 20, "tis-620", "cp874"),
    ],
)
def test_encodings_are_those_of_browsers_not_of_their_old_standards(text: str, label: str, codec: str) -> None:
    octets = text.encode(codec, "ignore")
    assert decode(b"<pre>" + octets, label) == "<pre>" + characters(octets, encoding_of(label) or "")
    assert "\ufffd" not in decode(b"<pre>" + octets, label)


def test_the_pages_word_for_user_defined_is_windows_1252() -> None:
    assert decode(b"<meta charset=x-user-defined>\xe9 \x80") == "<meta charset=x-user-defined>é €"
    assert decode(b"\xe9 \x80", "x-user-defined") == "\uf7e9 \uf780"


@pytest.mark.parametrize("label", ["iso-8859-1", "windows-1252"])
def test_bytes_that_a_code_page_leaves_free_contradict_it(label: str) -> None:
    html = f"<p>{JAPANESE}"
    assert decode(html.encode("cp932"), label) == html


def test_what_the_standard_refuses_because_of_scripts_is_read_where_it_can_be() -> None:
    html = f"<p>{KOREAN}"
    assert decode(html.encode("iso2022_kr"), "iso-2022-kr") == html
    assert decode(b"<p>a \x7e{ b", "hz-gb-2312") == "<p>a ~{ b"


ESCAPES = {
    "a terminal's codes explained": "<p>エスケープ: \x1b$B です。日本語のページ</p>",
    "in French": "<p>La séquence \x1b$@ précède les caractères japonais, où ça déborde.</p>",
    "in Russian": f"<p>{RUSSIAN} \x1b$B\x1b(B {RUSSIAN}</p>",
    "at the end": f"<p>{CHINESE}</p>\x1b$B",
    "with an example": f"<p>{JAPANESE} \x1b$B$3$s$K$A$O\x1b(B {JAPANESE}</p>",
}


@pytest.mark.parametrize("html", ESCAPES.values(), ids=ESCAPES)
@pytest.mark.parametrize("label", [None, "utf-8", "iso-2022-jp"])
def test_an_escape_sequence_in_utf_8_does_not_make_it_iso_2022_jp(html: str, label: str | None) -> None:
    assert decode(html.encode(), label) == html
    assert as_utf8(html.encode(), label) == html.encode()


@pytest.mark.parametrize("label", ["windows-1252", "windows-1251", "shift_jis"])
def test_an_escape_sequence_in_eight_bit_text_does_not_make_it_iso_2022_jp(label: str) -> None:
    html = {"windows-1252": FRENCH, "windows-1251": RUSSIAN, "shift_jis": JAPANESE}[label] + "\x1b$B"
    assert decode(html.encode(label), label) == html


@pytest.mark.parametrize("stray", [b"\xa9", b"\xa0", b"\xc2\xa9", b"\xff", b"\x80"])
@pytest.mark.parametrize("label", [None, "iso-2022-jp", "utf-8"])
def test_stray_bytes_leave_iso_2022_jp_what_it_is(stray: bytes, label: str | None) -> None:
    html = f"<p>{JAPANESE}</p>"
    body = html.encode("iso2022_jp") + b"<p>" + stray + b" 2004</p>"
    assert decode(body, label) == html + "<p>" + "\ufffd" * len(stray) + " 2004</p>"


def test_declared_iso_2022_jp_is_believed_with_more_stray_bytes() -> None:
    body = "<p>こん".encode("iso2022_jp") + b"\xa9\xae\xff"
    assert decode(body, "iso-2022-jp") == "<p>こん\ufffd\ufffd\ufffd"


@pytest.mark.parametrize("part", ["<meta charset=gbk>", "<meta ", "<meta '\"", "<meta charset=x", "<?xml "])
def test_a_head_full_of_declarations_is_read(part: str) -> None:
    body = part.encode() * 2000 + b"\x81\xff" * (1 << 18)
    assert decode(body).startswith(part)


@settings(max_examples=300)
@given(
    st.binary(max_size=300),
    st.none() | st.text(max_size=12) | st.sampled_from(["utf-16", "iso-2022-kr", "replacement"]),
)
def test_any_bytes_with_any_label_are_decoded(body: bytes, charset: str | None) -> None:
    text = decode(body, charset)
    assert "\0" not in text
    assert text.encode("utf-8") == as_utf8(body, charset)


@pytest.mark.realdata
def test_files_that_broke_another_reader_are_decoded(shared: Path) -> None:
    folder = shared / "edge-warcs" / "warc2zim"
    for case in json.loads((folder / "definition.json").read_text(encoding="utf-8"))["files"]:
        text = decode((folder / case["filename"]).read_bytes(), case.get("known_charset"))
        missing = [expected for expected in case["expected_strings"] if expected not in text]
        assert not missing, case["filename"]
