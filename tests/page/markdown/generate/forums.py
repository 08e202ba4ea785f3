"""Threads in the markup of forum and question-and-answer software, written by hand after their templates."""
# runs by hand, beside generators that are no dependency
# mypy: ignore-errors
# ruff: noqa: E501 - markup reads better as one line

from collections.abc import Iterator

import snippets as s
from case import Case, escape, nbsp

QUESTION = "My program stops when the list gets long, and I do not see which of the two loops is the reason for it."
ANSWER = "The second loop walks the list again for each item, so keep what you have seen in a set and ask that instead."
REMARK = "That made it a hundred times faster for me, and the memory it takes did not change at all."
SHOWN = (QUESTION, ANSWER, REMARK, "`seen = set()`")
FRAME = (*s.FRAME, "Joined: March 2019", "Anna Author", "Reply to this topic", "1,234 points")
INLINE = "<code>seen = set()</code>"
BROKEN = "<br />".join(nbsp(line) for line in s.JAVA.split("\n"))


def thread(posts: str, title: str = "List gets slow") -> str:
    """A page around posts."""
    return f"""<!DOCTYPE html><html><head><meta charset="utf-8"><title>{title}</title></head><body>
<div class="navbar"><a href="/">{s.FRAME[0]}</a> <a href="/faq">FAQ</a> <a href="/members">Members</a></div>
<h1>{title}</h1>
{posts}
<div class="quick-reply"><a href="/post">Reply to this topic</a></div>
<footer><p>{s.FRAME[1]}</p></footer></body></html>"""


def stack_exchange() -> Iterator[Case]:
    """The live template, the older one, and a mirror that keeps none of the classes."""
    code = f'<pre class="lang-py s-code-block"><code class="hljs language-python">{escape(s.PYTHON)}\n</code></pre>'
    plain = f"<pre><code>{escape(s.SQL)}\n</code></pre>"

    def new(text: str, kind: str, comment: str = "") -> str:
        return f"""<div id="{kind}" class="{kind} js-{kind}"><div class="post-layout">
<div class="votecell post-layout--left"><div class="js-voting-container"><button>Up</button><div>42</div></div></div>
<div class="postcell post-layout--right"><div class="s-prose js-post-body" itemprop="text">{text}</div>
<div class="mt24"><a class="js-share-link" href="#">Share</a><div class="user-info"><a href="/u/1">Anna Author</a>
<span class="reputation-score">1,234 points</span></div></div></div>
<ul class="comments-list">{comment}</ul></div></div>"""

    remark = f"""<li class="comment"><div class="comment-text"><div class="comment-body"><span class="comment-copy">{REMARK}</span>
<a class="comment-user" href="/u/1">Anna Author</a></div></div></li>"""
    posts = new(f"<p>{QUESTION}</p>{code}", "question") + new(
        f"<p>{ANSWER}</p>{plain}<p>Try {INLINE}.</p>", "answer", remark
    )
    blocks = [("py", s.PYTHON), ("", s.SQL)]
    yield Case("qanda", "stack-exchange", thread(posts), blocks, SHOWN, (*FRAME, "42", "Share"))
    old = f"""<div id="question"><table><tr><td class="votecell">7</td><td class="postcell"><div class="post-text">
<p>{QUESTION}</p><pre class="lang-py prettyprint prettyprinted"><code>{escape(s.PYTHON)}</code></pre></div>
<div class="user-details"><a href="/u/1">Anna Author</a> 1,234 points</div></td></tr></table></div>
<div id="answers"><div class="answer"><table><tr><td class="votecell">9</td><td class="answercell"><div class="post-text">
<p>{ANSWER}</p>{plain}<p>Try {INLINE}.</p></div></td></tr><tr><td></td><td><div class="comments"><table><tr>
<td class="comment-text"><div><span class="comment-copy">{REMARK}</span> – <a class="comment-user">Anna Author</a></div>
</td></tr></table></div></td></tr></table></div></div>"""
    yield Case("qanda", "stack-exchange-old", thread(old), blocks, SHOWN, FRAME)
    mirror = f"""<div class="container"><div class="q"><p>{QUESTION}</p>{code}</div><h2>2 Answers</h2>
<div class="a"><p>{ANSWER}</p>{plain}<p>Try {INLINE}.</p></div><div class="a"><p>{REMARK}</p><pre><code>{escape(s.C)}</code></pre></div></div>"""
    yield Case("qanda", "mirror", thread(mirror), [*blocks, ("", s.C)], SHOWN, s.FRAME)


def posts_of(template: str, first: str, second: str) -> str:
    """Three posts in a template with the places TEXT and NUMBER."""
    texts = (f"{QUESTION}<br />{first}", f"{ANSWER}<br />{second}<br />Try {INLINE}.", REMARK)
    return "\n".join(template.replace("TEXT", text).replace("NUMBER", str(at)) for at, text in enumerate(texts, 1))


TEMPLATES = {
    "phpbb3": (
        '<div id="pNUMBER" class="post bg1"><div class="inner"><dl class="postprofile"><dt>Anna Author</dt>'
        '<dd>Joined: March 2019</dd></dl><div class="postbody"><div id="post_contentNUMBER"><h3><a href="#">List gets slow</a></h3>'
        '<p class="author">by <strong>Anna Author</strong></p><div class="content">TEXT</div></div></div></div></div>',
        f'<div class="codebox"><p>Code: <a href="#">Select all</a></p><pre><code>{escape(s.JAVA)}</code></pre></div>',
        f'<dl class="codebox"><dt>Code: <a href="#">Select all</a></dt><dd><code>{BROKEN}</code></dd></dl>',
    ),
    "phpbb2": (
        '<table class="forumline"><tr><td class="row1"><span class="name"><b>Anna Author</b></span><br />'
        '<span class="postdetails">Joined: March 2019</span></td><td class="row1"><table><tr><td><span class="postdetails">'
        'Posted: today</span></td></tr><tr><td><span class="postbody">TEXT</span></td></tr></table></td></tr></table>',
        '</span><table><tr><td><span class="genmed"><b>Code:</b></span></td></tr>'
        f'<tr><td class="code">{BROKEN}</td></tr></table><span class="postbody">',
        '</span><table><tr><td><span class="genmed"><b>Code:</b></span></td></tr>'
        f'<tr><td class="code">{BROKEN}</td></tr></table><span class="postbody">',
    ),
    "vbulletin3": (
        '<table id="postNUMBER" class="tborder"><tr><td class="alt2"><a class="bigusername">Anna Author</a>'
        '<div class="smallfont">Joined: March 2019</div></td></tr><tr><td class="alt1" id="td_post_NUMBER">'
        '<div id="post_message_NUMBER">TEXT</div></td></tr></table>',
        '<div style="margin:20px"><div class="smallfont">Code:</div>'
        f'<pre class="alt2" dir="ltr" style="overflow: auto">{escape(s.JAVA)}</pre></div>',
        '<div style="margin:20px"><div class="smallfont">PHP Code:</div><div class="alt2" dir="ltr"><code style="white-space:nowrap">'
        f'<div dir="ltr"><!-- php buffer start --><code><span style="color: #000000">\n{BROKEN}\n</span>\n</code>'
        "<!-- php buffer end --></div></code></div></div>",
    ),
    "vbulletin4": (
        '<li class="postbit postbitlegacy" id="post_NUMBER"><div class="userinfo"><a class="username">Anna Author</a>Joined: March 2019</div>'
        '<div class="postbody"><div class="content"><div id="post_message_NUMBER"><blockquote class="postcontent restore">TEXT</blockquote></div></div></div></li>',
        '<div class="bbcode_container"><div class="bbcode_description">Code:</div>'
        f'<pre class="bbcode_code" style="height:96px;">{escape(s.JAVA)}</pre></div>',
        '<div class="bbcode_container"><div class="bbcode_description">PHP Code:</div>'
        f'<div class="bbcode_code" style="height:60px;"><code><code><span style="color: #000000">{BROKEN}</span></code></code></div></div>',
    ),
    "xenforo1": (
        '<li id="post-NUMBER" class="message"><div class="messageUserInfo"><h3><a class="username">Anna Author</a></h3>Joined: March 2019</div>'
        '<div class="messageInfo"><div class="messageContent"><article><blockquote class="messageText SelectQuoteContainer">TEXT</blockquote></article></div></div></li>',
        f'<div class="bbCodeBlock bbCodeCode"><div class="type">Code:</div><pre>{escape(s.JAVA)}</pre></div>',
        f'<div class="bbCodeBlock bbCodeCode"><div class="type">Code:</div><pre>{escape(s.JAVA)}</pre></div>',
    ),
    "xenforo2": (
        '<article class="message message--post" id="js-post-NUMBER"><div class="message-user"><h4 class="message-name">Anna Author</h4>'
        'Joined: March 2019</div><div class="message-main"><article class="message-body js-selectToQuote"><div class="bbWrapper">TEXT</div></article></div></article>',
        '<div class="bbCodeBlock bbCodeBlock--screenLimited bbCodeBlock--code"><div class="bbCodeBlock-title">Java:</div>'
        f'<div class="bbCodeBlock-content" dir="ltr"><pre class="bbCodeCode" dir="ltr" data-xf-init="code-block" data-lang="java"><code>{escape(s.JAVA)}</code></pre></div></div>',
        '<div class="bbCodeBlock bbCodeBlock--screenLimited bbCodeBlock--code"><div class="bbCodeBlock-title">Code:</div>'
        f'<div class="bbCodeBlock-content" dir="ltr"><pre class="bbCodeCode" dir="ltr" data-lang=""><code>{escape(s.JAVA)}</code></pre></div></div>',
    ),
    "smf": (
        '<div class="windowbg"><div class="post_wrapper"><div class="poster"><h4>Anna Author</h4><ul><li>Joined: March 2019</li></ul></div>'
        '<div class="postarea"><div class="post"><div class="inner" id="msg_NUMBER">TEXT</div></div></div></div></div>',
        '<div class="codeheader">Code: <a href="#" class="codeoperation">[Select]</a></div>'
        f'<code class="bbc_code">{BROKEN}</code>',
        '<div class="codeheader"><span class="code floatleft">Code</span> <a class="codeoperation smf_select_text">Select</a></div>'
        f'<code class="bbc_code">{BROKEN}</code>',
    ),
    "discourse": (
        '<div class="topic-post"><article id="post_NUMBER"><div class="topic-avatar">AA</div><div class="topic-body"><div class="topic-meta-data">'
        '<span class="username">Anna Author</span></div><div class="cooked"><p>TEXT</p></div></div></article></div>',
        f'</p><pre data-code-wrap="java"><code class="hljs lang-java">{escape(s.JAVA)}\n</code></pre><p>',
        '</p><pre class="codeblock-buttons"><div class="codeblock-button-wrapper"><button class="copy-cmd">copy</button></div>'
        f'<code class="lang-auto">{escape(s.JAVA)}\n</code></pre><p>',
    ),
    "discourse-crawler": (
        '<div id="post_NUMBER" itemprop="comment" class="topic-body crawler-post"><div class="crawler-post-meta"><span class="creator">'
        '<a href="/u/1"><span itemprop="name">Anna Author</span></a></span></div><div class="post" itemprop="text"><p>TEXT</p></div></div>',
        f'</p><pre><code class="lang-java">{escape(s.JAVA)}\n</code></pre><p>',
        f'</p><pre><code class="lang-nohighlight">{escape(s.JAVA)}\n</code></pre><p>',
    ),
    "mybb": (
        '<div class="post classic" id="post_NUMBER"><div class="post_author"><strong>Anna Author</strong> Joined: March 2019</div>'
        '<div class="post_content"><div class="post_body scaleimages" id="pid_NUMBER">TEXT</div></div></div>',
        f'<div class="codeblock"><div class="title">Code:</div><div class="body" dir="ltr"><code>{BROKEN}</code></div></div>',
        f'<div class="codeblock phpcodeblock"><div class="title">PHP Code:</div><div class="body"><div dir="ltr"><code>{BROKEN}</code></div></div></div>',
    ),
    "fluxbb": (
        '<div id="pNUMBER" class="blockpost"><div class="box"><div class="postleft"><dl><dt><strong>Anna Author</strong></dt><dd>Joined: March 2019</dd></dl></div>'
        '<div class="postright"><h3>List gets slow</h3><div class="postmsg"><p>TEXT</p></div></div></div></div>',
        f'</p><div class="codebox"><pre><code>{escape(s.JAVA)}</code></pre></div><p>',
        f'</p><div class="codebox"><pre class="vscroll"><code>{escape(s.JAVA)}</code></pre></div><p>',
    ),
    "github-issue": (
        '<div class="js-timeline-item"><div class="timeline-comment"><div class="timeline-comment-header"><a class="author">Anna Author</a></div>'
        '<div class="edit-comment-hide"><div class="comment-body markdown-body js-comment-body"><p>TEXT</p></div></div></div></div>',
        f'</p><div class="highlight highlight-source-java"><pre>{escape(s.JAVA)}</pre></div><p>',
        '</p><div class="snippet-clipboard-content position-relative"><pre class="notranslate"><code class="notranslate">'
        f'{escape(s.JAVA)}\n</code></pre><div class="zeroclipboard-container"><clipboard-copy aria-label="Copy"></clipboard-copy></div></div><p>',
    ),
}
TOLD = {"vbulletin3": ("", "php"), "vbulletin4": ("", "php"), "xenforo2": ("java", ""), "discourse": ("java", ""),
        "discourse-crawler": ("java", ""), "mybb": ("", "php"), "github-issue": ("java", "")}  # fmt: skip


def cases() -> Iterator[Case]:
    """All pages of this module."""
    yield from stack_exchange()
    for name, (template, first, second) in TEMPLATES.items():
        told = TOLD.get(name, ("", ""))
        blocks = [(language, s.JAVA) for language in told]
        page = thread(posts_of(template, first, second))
        yield Case("forum", name, page, blocks, SHOWN, (*FRAME, "Select all", "Code:", "[Select]"))
