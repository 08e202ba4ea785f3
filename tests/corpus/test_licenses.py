"""Licences are read from what pages state for machines, and from nothing else."""

import time

import pytest

from recall.corpus.licenses import MAX_TAGS, License, identifier, license_of, license_of_file

URL = "https://docs.example.org/guide/a.html"
BY_SA = "https://creativecommons.org/licenses/by-sa/4.0/"


def page(*tags: str) -> bytes:
    return ("<html><head><title>t</title></head><body><p>text</p>" + "".join(tags) + "</body></html>").encode()


STATEMENTS = {
    "a link of rel license": (f'<a rel="license" href="{BY_SA}">x</a>', "CC-BY-SA-4.0", "rel"),
    "attributes the other way round": (
        f"<a class=y href='{BY_SA}' rel='nofollow license'>x</a>",
        "CC-BY-SA-4.0",
        "rel",
    ),
    "without quotes": (f"<link rel=license href={BY_SA}>", "CC-BY-SA-4.0", "rel"),
    "in capitals": (f'<A REL="LICENSE" HREF="{BY_SA.upper()}">x</A>', "CC-BY-SA-4.0", "rel"),
    "an address without its scheme": (
        '<a rel=license href="//creativecommons.org/licenses/by/3.0/">',
        "CC-BY-3.0",
        "rel",
    ),
    "the site's own terms": ('<link rel="license" href="/terms">', "https://docs.example.org/terms", "rel"),
    "terms of the same registered domain": (
        '<link rel="license" href="https://www.example.org/terms">',
        "https://www.example.org/terms",
        "rel",
    ),
    "answers under two versions": (
        f'<a rel="license" href="{BY_SA}">a</a><a rel="license" href="https://creativecommons.org/licenses/by-sa/3.0/">b</a>',
        "CC-BY-SA-4.0 AND CC-BY-SA-3.0",
        "rel",
    ),
    "an article's linked data": (
        f'<script type="application/ld+json">{{"@type": "TechArticle", "license": "{BY_SA}"}}</script>',
        "CC-BY-SA-4.0",
        "schema",
    ),
    "a page in a graph": (
        '<script type="application/ld+json">{"@graph": [{"@type": ["WebPage"], "license": {"@id": '
        '"https://spdx.org/licenses/MIT.html"}}]}</script>',
        "MIT",
        "schema",
    ),
    "microdata": (f'<div itemscope><a itemprop="license" href="{BY_SA}">x</a></div>', "CC-BY-SA-4.0", "schema"),
    "Dublin Core": ('<meta name="DC.rights" content="CC BY-NC 4.0, the authors">', "CC-BY-NC-4.0", "meta"),
    "a licence in metadata": ('<meta content="Apache-2.0" name="license">', "Apache-2.0", "meta"),
    "RDF in a comment": (
        '<!-- <rdf:RDF><Work rdf:about=""><license rdf:resource='
        '"http://creativecommons.org/licenses/by-nc-sa/2.0/" /></Work></rdf:RDF> -->',
        "CC-BY-NC-SA-2.0",
        "rdf",
    ),
    "one link": (f'<footer><a href="{BY_SA}deed.en">CC</a> <a href="{BY_SA}">CC</a></footer>', "CC-BY-SA-4.0", "link"),
}

SILENCE = {
    "nothing": "<p>nothing</p>",
    "words": "<p>licensed under the MIT license, see https://creativecommons.org/licenses/by/4.0/</p>",
    "two links": f'<a href="{BY_SA}">a</a><a href="https://creativecommons.org/licenses/by/4.0/">b</a>',
    "the software's terms": '<a rel="license" href="https://forum-software.example.com/license">x</a>',
    "a picture's linked data": (
        f'<script type="application/ld+json">{{"@type": "ImageObject", "license": "{BY_SA}"}}</script>'
    ),
    "broken linked data": '<script type="application/ld+json">{"license": </script>',
    "deep linked data": '<script type="application/ld+json">' + "[" * 5_000 + '"license"' + "</script>",
    "rights reserved": '<meta name="rights" content="All rights reserved">',
    "a place on the page": '<a rel="license" href="#license">x</a>',
    "a script": '<a rel="license" href="javascript:alert(1)">x</a>',
    "no address": '<a rel="license">x</a>',
    "an address that is none": '<a rel="license" href="http://[::1">x</a>',
    "an attribute of another name": f'<a data-rel="license" href="{URL}x y">x</a>',
    "many licences": "".join(f'<a rel=license href="/terms/{number}">x</a>' for number in range(9)),
    "an endless address": f'<a rel="license" href="/{"x" * 1_000}">x</a>',
    "the end of the page": '<a rel="license" href="https://creativecommons.org/licenses/by/4.0/',
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_for_machines_is_read(name: str) -> None:
    tags, expression, source = STATEMENTS[name]
    assert license_of(page(tags), URL) == License(expression, source)


@pytest.mark.parametrize("name", SILENCE)
def test_anything_else_is_no_statement(name: str) -> None:
    assert license_of(page(SILENCE[name]), URL) == License()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("http://creativecommons.org/licenses/by-nc-nd/2.5/", "CC-BY-NC-ND-2.5"),
        ("https://creativecommons.org/licenses/by-sa/3.0/de/", "CC-BY-SA-3.0-DE"),
        ("https://creativecommons.org/licenses/by-sa/3.0/deed.de", "CC-BY-SA-3.0"),
        ("https://creativecommons.org/publicdomain/zero/1.0/", "CC0-1.0"),
        ("https://creativecommons.org/publicdomain/mark/1.0/", "CC-PDM-1.0"),
        ("https://creativecommons.org/licenses/", ""),
        ("https://www.apache.org/licenses/LICENSE-2.0.html", "Apache-2.0"),
        ("https://opensource.org/licenses/MIT", "MIT"),
        ("https://opensource.org/license/bsd-3-clause/", "BSD-3-Clause"),
        ("https://opensource.org/licenses/", ""),
        ("https://www.mozilla.org/en-US/MPL/2.0/", "MPL-2.0"),
        ("Creative Commons BY-SA 3.0", "CC-BY-SA-3.0"),
        ("CC0", "CC0-1.0"),
        ("mit", "MIT"),
        ("permit", ""),
    ],
)
def test_addresses_and_names_become_spdx_identifiers(value: str, expected: str) -> None:
    assert identifier(value) == expected


def test_a_hostile_page_costs_no_more_than_its_length() -> None:
    body = b"<a rel=license " * 200_000 + b"<script type=application/ld+json>license" * 20_000 + b"<" * 500_000
    began = time.process_time()
    assert license_of(body, URL) == License()
    assert time.process_time() - began < 2
    many = page(*['<a rel="license" href="https://creativecommons.org/licenses/by/4.0/">x</a>'] * (3 * MAX_TAGS))
    assert license_of(many, URL) == License("CC-BY-4.0", "rel")


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("/* SPDX-License-Identifier: MIT */\nint x;", "MIT"),
        ("# SPDX-License-Identifier:  Apache-2.0\n", "Apache-2.0"),
        ("// SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note\n", "GPL-2.0-only WITH Linux-syscall-note"),
        ("# SPDX-License-Identifier: (MIT OR Apache-2.0) AND BSD-3-Clause", "(MIT OR Apache-2.0) AND BSD-3-Clause"),
        ("# SPDX-License-Identifier:\nMIT", ""),
        ("x\n" * 4_000 + "# SPDX-License-Identifier: MIT", ""),
        ("# under the MIT licence", ""),
        ("SPDX-License-Identifier: " + "ab AND " * 100_000, "ab AND ab AND ab AND ab AND ab AND ab"),
    ],
)
def test_a_source_file_names_its_licence_by_its_spdx_line(text: str, expression: str) -> None:
    assert license_of_file(text) == License(expression, "spdx" if expression else "")
