"""Text that was stored without its coding, told from a compressed stream that was cut."""

import random
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard

from recall.archive.warc.http_codings import Body, decode_body

WORDS = {
    "English": "the of code function return print def class import value list error page example data type".split(),
    "Russian": "код страница функция значение пример данных строка файл ошибка список вызов".split(),
    "Japanese": "日本語 の ページ コード 関数 値 例 データ 文字列 ファイル 配列".split(),
}


def raw_deflate(data: bytes) -> bytes:
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    return deflater.compress(data) + deflater.flush()


def gzip(data: bytes) -> bytes:
    deflater = zlib.compressobj(6, zlib.DEFLATED, 31)
    return deflater.compress(data) + deflater.flush()


CODINGS: dict[str, tuple[bytes, Callable[[bytes], bytes]]] = {
    "br, fast": (b"br", lambda data: brotli.compress(data, quality=1)),
    "br, usual": (b"br", lambda data: brotli.compress(data, quality=5)),
    "br, best": (b"br", lambda data: brotli.compress(data, quality=11)),
    "deflate, raw": (b"deflate", raw_deflate),
    "deflate, zlib": (b"deflate", zlib.compress),
    "deflate, stored": (b"deflate", lambda data: zlib.compress(data, 0)),
    "gzip": (b"gzip", gzip),
    "zstd": (b"zstd", zstandard.compress),
}


def text_of(rng: random.Random, language: str) -> str:
    return " ".join(rng.choice(WORDS[language]) for _ in range(rng.choice((8, 20, 50, 300, 800))))


@pytest.mark.parametrize("language", WORDS)
@pytest.mark.parametrize("kind", CODINGS)
def test_a_stream_that_was_cut_anywhere_never_comes_out_compressed(kind: str, language: str) -> None:
    rng = random.Random(f"{kind} {language}")
    name, pack = CODINGS[kind]
    for _ in range(150):
        page = f"<!doctype html><title>a</title><p>{text_of(rng, language)}</p>".encode()
        stored = pack(page)
        cut = stored[: rng.randrange(1, len(stored) if rng.random() < 0.5 else min(len(stored), 60))]
        body = decode_body(cut, b"", name)
        assert not isinstance(body, Body) or page.startswith(body.data), cut[:60]


@pytest.mark.parametrize("start", ["{", "[1, ", "\n\n", "// ", " ", "<foo>", "<p", "Hello ", "x"])
@pytest.mark.parametrize("name", [b"br", b"deflate", b"gzip", b"zstd"])
def test_text_that_was_stored_decoded_is_taken_as_it_is(name: bytes, start: str) -> None:
    rng = random.Random(f"{name!r} {start}")
    for language in WORDS:
        for _ in range(60):
            text = f"{start}{text_of(rng, language)}".encode()
            assert decode_body(text, b"", name) == Body(text), text[:60]


@pytest.mark.parametrize(
    ("charset", "language"),
    [("cp1251", "Russian"), ("koi8-r", "Russian"), ("euc_jp", "Japanese"), ("shift_jis", "Japanese"), ("big5", "")],
)
@pytest.mark.parametrize("name", [b"br", b"deflate", b"gzip", b"zstd"])
def test_a_page_of_another_charset_that_was_stored_decoded_is_taken_as_it_is(
    name: bytes, charset: str, language: str
) -> None:
    rng = random.Random(f"{name!r} {charset}")
    for _ in range(60):
        text = text_of(rng, language) if language else "程式碼 函數 數值 " * rng.randrange(1, 200)
        page = f"<!DOCTYPE html><p>{text}".encode(charset)
        assert decode_body(page, b"", name) == Body(page), page[:60]


@pytest.mark.parametrize("kind", [kind for kind in CODINGS if kind[:2] in ("br", "de")])
def test_a_stream_with_something_behind_it_gives_what_it_holds(kind: str) -> None:
    rng = random.Random(kind)
    name, pack = CODINGS[kind]
    for behind in (b"\n", b"\r\n0\r\n\r\n", b" " * 300):
        for language in WORDS:
            page = f"<!doctype html><p>{text_of(rng, language)}</p>".encode()
            body = decode_body(pack(page) + behind, b"", name)
            assert isinstance(body, Body)
            assert body.data == page
