from recall.page.markdown import markdown


def test_prose_and_a_fenced_block_come_out() -> None:
    page = b"<article><h1>Loops</h1><p>A loop repeats its body until the test fails.</p></article>"
    assert "A loop repeats its body" in markdown(page)
