"""Both readings agree wherever in a page, and how near to its end, its parts lie: the compiled one reads windows."""

import pytest

from recall.page.text import kernel, slow
from recall.page.text.wide import WIDTH

PARTS = (
    '<p class="a highlight b" id=x>text</p>',
    "<a href='" + "u" * 70 + '\' CLASS = "hljs\x01\thljs" data-' + "n" * 70 + "=1>link</a>",
    "<BlockQuote>q</BLOCKQUOTE><figcaption/><x" + "y" * 70 + "/><h\x111>no heading</h\x111><é>",
    "words " * 13 + " two  spaces,\ttabs\x01\n\r and &amp; &notin; &#x20AC; < 1",
    "naïve « café » – “x”\u200b\u00a0中文，字\ue000 плюс\x7f" * 3,
    "<pre>line\n  line \x02\n</pre><textarea>a\n<b>&lt;</textarea>",
    "<script>if (a < b) '</' + \"script\" <!-- <script></script> --></script><style>" + "s" * 70 + "</style>",
    "<!-- " + "-" * 70 + " -->" + "<!" + "d" * 70 + "><svg><path d='" + "1" * 70 + "'/><![CDATA[<p>]]></svg>",
    "<template>" + "t" * 70 + "</template><title>" + "T <i> " * 12 + "</title>",
)


@pytest.mark.parametrize("part", PARTS)
def test_a_part_means_the_same_at_every_place_of_a_window(part: str) -> None:
    for before in range(WIDTH + 2):
        page = "x" * before + part + "<p>after it " + "y" * 80
        assert kernel.read(page.encode()) == slow.read(page)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("before", [0, 1, WIDTH - 1, WIDTH, 3 * WIDTH])
def test_a_part_that_the_page_ends_in_means_the_same(part: str, before: int) -> None:
    for end in range(len(part) + 1):
        page = "x " * (before // 2) + "x" * (before % 2) + part[:end]
        assert kernel.read(page.encode()) == slow.read(page)
