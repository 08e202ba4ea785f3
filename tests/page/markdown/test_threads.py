"""Threads come out as question, answers and comments, in order, without the boxes about their authors."""

import pytest

from recall.page.markdown import markdown
from recall.page.markdown.threads import find_posts
from recall.page.markdown.tree import parse, text_of

POSTS = (
    "My program stops when the list gets long, and I do not see which of the two loops is the reason for it.",
    "The second loop walks the list again for each item, so keep what you have seen in a set and ask that.",
    "That made it a hundred times faster for me, and the memory it takes did not change at all, thank you.",
)
TITLE = "List gets slow"
SCRIPT = "<script>{}</script>".format("var a = 'words that nobody sees'; " * 400)

# name → markup around a post; AUTHOR and POST are filled in
SOFTWARE = {
    "phpbb": '<div class="post"><dl class="postprofile">AUTHOR</dl><div class="postbody"><div class="content">POST'
    "</div></div></div>",
    "vbulletin": '<li class="postbit"><div class="userinfo">AUTHOR</div><div id="post_message_7">POST</div></li>',
    "xenforo": '<article class="message"><div class="message-user">AUTHOR</div><div class="message-body"><div '
    'class="bbWrapper">POST</div></div></article>',
    "discourse": '<div class="topic-body crawler-post"><div class="creator">AUTHOR</div><div class="post cooked">POST'
    "</div></div>",
    "microdata": '<div itemscope itemtype="https://schema.org/Answer"><div itemprop="author">AUTHOR</div><div '
    'itemprop="text">POST</div></div>',
    "unknown-replies": '<div class="reply"><div class="user-card">AUTHOR</div><div class="reply-content">POST'
    "</div></div>",
    "unknown-messages": '<tr><td class="who">AUTHOR</td><td class="message_body">POST</td></tr>',
    "unknown-answers": '<section class="item"><aside>AUTHOR</aside><div class="answer__text">POST</div></section>',
}
AUTHOR = "<b>Anna Author</b><br>Joined: March 2019<br>Posts: 1,234"


def thread(name: str, script: str = "", around: str = "") -> bytes:
    posts = "".join(SOFTWARE[name].replace("AUTHOR", AUTHOR).replace("POST", f"<p>{post}</p>") for post in POSTS)
    if posts.startswith("<tr>"):
        posts = f"<table>{posts}</table>"
    head = f"<head><title>{TITLE} - Toolshed Forum</title>{script}</head>"
    return f"<html>{head}<body><h1>Toolshed Forum</h1><h2>{TITLE}</h2>{posts}{around}{script}</body></html>".encode()


@pytest.mark.parametrize("script", ["", SCRIPT], ids=["plain", "long-scripts"])
@pytest.mark.parametrize("name", SOFTWARE)
def test_posts_come_out_in_order_under_the_title_without_their_authors(name: str, script: str) -> None:
    text = markdown(thread(name, script))
    assert text == f"# {TITLE}\n\n" + "\n\n---\n\n".join(POSTS) + "\n"


COMMENTS = "".join(
    f'<li class="comment"><div class="comment-author">Anna Author</div><div class="comment-content"><p>{post}</p></div>'
    "</li>"
    for post in POSTS * 2
)


@pytest.mark.parametrize(
    "comments",
    [
        f'<ol class="comment-list">{COMMENTS}</ol>',
        f'<div id="comments"><ul>{COMMENTS.replace("comment-content", "message comment")}</ul></div>',
        f'<section id="comments">{COMMENTS.replace("comment-content", "reply-content")}</section>',
        '<div class="comments-area">{}</div>'.format(
            COMMENTS.replace("comment-content", "cooked").replace("comment-author", "post")
        ),
    ],
    ids=["wordpress", "vanilla", "replies", "discourse"],
)
def test_the_comments_on_an_article_do_not_take_its_place(comments: str) -> None:
    words = "".join(
        f"<p>Paragraph {n} of the article tells how a list that gets long is made quick.</p>" for n in range(6)
    )
    body = f"<article><h1>{TITLE}</h1>{words}<pre>a = set()\nb = []</pre></article>{comments}"
    text = markdown(f"<html><head><title>{TITLE}</title></head><body>{body}</body></html>".encode())
    assert text.startswith(f"# {TITLE}\n\nParagraph 0 of the article")
    assert "Paragraph 5 of the article" in text
    assert "```\na = set()\nb = []\n```" in text


def test_a_list_of_articles_is_no_thread() -> None:
    articles = "".join(
        f'<div class="post"><h2>Article {n}</h2><div class="post-content"><p>{post}</p></div></div>'
        for n, post in enumerate(POSTS)
    )
    text = markdown(f"<html><head><title>Toolshed</title></head><body>{articles}</body></html>".encode())
    for n, post in enumerate(POSTS):
        assert f"## Article {n}\n\n{post}\n" in text


def test_comments_stand_behind_what_they_are_about() -> None:
    def answer(kind: str, number: int) -> str:
        comment = f'<li><span class="comment-copy">Comment on {number} is here.</span> – <a class="user">Bo</a></li>'
        return (
            f'<div class="{kind}"><div class="s-prose js-post-body"><p>{POSTS[number]}</p></div><div class="user-info">'
            f'Anna Author</div><ul class="comments">{comment}</ul></div>'
        )

    body = f"<h1>{TITLE}</h1>" + answer("question", 0) + answer("answer", 1) + answer("answer", 2)
    text = markdown(f"<html><head><title>{TITLE}</title></head><body>{body}</body></html>".encode())
    parts = [part for number, post in enumerate(POSTS) for part in (post, f"Comment on {number} is here.")]
    assert text == f"# {TITLE}\n\n" + "\n\n---\n\n".join(parts) + "\n"


def test_parts_of_a_post_in_a_cell_are_one_post_with_the_code_between_them() -> None:
    cell = (
        '<tr><td><b>Anna</b></td><td><span class="postbody">{}</span><table><tr><td class="code">a = 1;<br>b = 2;</td>'
        '</tr></table><span class="postbody">It ends.</span></td></tr>'
    )
    root = parse("<html><body><table>{}</table></body></html>".format("".join(map(cell.format, POSTS))))
    assert root is not None
    posts = find_posts(root)
    assert posts is not None
    assert [text_of(post) for post in posts] == [f"{post}a = 1;b = 2;It ends." for post in POSTS]


COMMENT = (
    '<div itemscope itemtype="https://schema.org/Comment"><div class="flex"><div itemprop="text">{}</div></div></div>'
)


def test_comments_by_microdata_belong_to_the_posts_of_known_software() -> None:
    said = ("Which of the two is the second, please?", "The one below, of course.")
    comments = "".join(map(COMMENT.format, said))
    posts = "".join(f'<div class="s-prose js-post-body"><p>{post}</p></div>{comments}' for post in POSTS)
    text = markdown(f"<title>{TITLE}</title><h1>{TITLE}</h1><div>{posts}</div>".encode())
    assert text == f"# {TITLE}\n\n" + "\n\n---\n\n".join(part for post in POSTS for part in (post, *said)) + "\n"


def test_comments_by_microdata_take_no_article_away() -> None:
    article = "".join(f"<p>{post} That is the article, part {number}.</p>" for number, post in enumerate(POSTS))
    comments = "".join(COMMENT.format(f"{post} I think so too.") for post in POSTS)
    text = markdown(f"<title>{TITLE}</title><h1>{TITLE}</h1><div>{article}</div><div>{comments}</div>".encode())
    assert all(f"{post} That is the article" in text for post in POSTS)
