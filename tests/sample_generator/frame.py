"""The frame around a page: head, menus, sidebar, footer, style sheets and scripts, in one of several fashions.

A frame belongs to a host; its sidebar names other subjects of the host, so that a travel story on a programmer's blog
carries programming words and the other way round.
"""

from collections.abc import Callable
from dataclasses import dataclass
from html import escape

from tests.sample_generator.chance import chance
from tests.sample_generator.pages.author import Author, Body

LANGUAGE_CODES = {
    "english": "en",
    "chinese": "zh-CN",
    "russian": "ru",
    "german": "de",
    "spanish": "es",
    "japanese": "ja",
}


@dataclass(frozen=True, slots=True)
class Site:
    """What the pages of one host share. declared: the charset named in a <meta>, or ""."""

    host: str
    language: str
    declared: str
    layout: str


def frame(site: Site, body: Body, author: Author) -> str:
    """The whole document."""
    return _LAYOUTS[site.layout](site, escape(body.title.replace("`", "")), body.html, author)


def _menu(author: Author, slots: tuple[str, ...] = ("home", "about", "search", "login", "contact")) -> str:
    return "".join(f'<li><a href="/{slot}">{author.interface(slot)}</a></li>' for slot in slots)


def _sidebar(author: Author, count: int) -> str:
    links = "".join(
        f'<li><a href="/{author.rng.randint(10, 9999)}">{author.text(author.writer.title())}</a></li>'
        for _ in range(count)
    )
    return f"<h4>{author.interface('related')}</h4><ul>{links}</ul>"


def _meta(site: Site) -> str:
    return f'<meta charset="{site.declared}">' if site.declared else ""


def _rules(host: str, count: int) -> str:
    """A style sheet, the same on every page of the host."""
    rng = chance(host, "rules")
    return "\n".join(
        f".{rng.choice(('nav', 'box', 'post', 'btn', 'grid', 'hero'))}-{rng.randint(1, 99)} > a:hover "
        f"{{ margin: {rng.randint(0, 40)}px; color: #{rng.randint(0, 0xFFFFFF):06x}; }}"
        for _ in range(count)
    )


def _script(host: str) -> str:
    number = chance(host, "script").randint(1, 9999)
    return (
        "<script>window.dataLayer = window.dataLayer || []; (function(w, d, id) { if (w[id] && !d.hidden) "
        f"{{ var s = d.createElement('script'); s.async = true; s.src = '//stats.{host}/t.js?id={number}'; "
        "d.head.appendChild(s); } })(window, document, 'ga');</script>"
    )


def _modern(site: Site, title: str, html: str, author: Author) -> str:
    code = LANGUAGE_CODES[site.language]
    return f"""<!DOCTYPE html>
<html lang="{code}"><head>{_meta(site)}<title>{title} | {site.host}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="stylesheet" href="/main.css">
{_script(site.host)}</head><body><header><nav><ul>{_menu(author)}</ul></nav></header>
<main><article>{html}</article></main>
<aside>{_sidebar(author, 4)}</aside><footer><p>{author.interface("footer")} © {site.host}</p></footer></body></html>"""


def _board(site: Site, title: str, html: str, author: Author) -> str:
    return f"""<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN"
"http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">
<html xmlns="http://www.w3.org/1999/xhtml"><head>{_meta(site)}<title>{title} - {site.host}</title>
</head><body id="phpbb" class="section-viewtopic ltr"><div id="wrap"><div class="headerbar"><ul class="linklist">
{_menu(author, ("home", "search", "login"))}</ul></div><div id="page-body">{html}</div>
<div id="page-footer" class="copyright">{author.interface("footer")}</div></div></body></html>"""


def _press(site: Site, title: str, html: str, author: Author) -> str:
    return f"""<!doctype html>
<html lang="{LANGUAGE_CODES[site.language]}"><head>{_meta(site)}<title>{title}</title>
<style>{_rules(site.host, 60)}</style></head><body class="single"><div class="top"><ul>{_menu(author)}</ul></div>
<div class="col-8">{html}</div><div class="col-4">{_sidebar(author, 8)}</div>
{_script(site.host)}
<div class="foot">{author.interface("footer")} · {author.interface("archive")}</div></body></html>"""


def _old(site: Site, title: str, html: str, author: Author) -> str:
    charset = f'<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset={site.declared}">' if site.declared else ""
    return f"""<HTML><HEAD>{charset}<TITLE>{title}</TITLE></HEAD>
<BODY BGCOLOR="#FFFFFF" TEXT="#000000"><TABLE WIDTH="100%"><TR><TD VALIGN=TOP>
<A HREF="/">{author.interface("home")}</A><BR>
<A HREF="/search.html">{author.interface("search")}</A></TD><TD>{html}</TD></TR></TABLE><HR>
<ADDRESS>{author.interface("contact")}: webmaster@{site.host}</ADDRESS></BODY></HTML>"""


def _minimal(site: Site, title: str, html: str, author: Author) -> str:
    link = f"<p><a href='/'>{author.interface('home')}</a>"
    return f"<!DOCTYPE html><title>{title}</title>{_meta(site)}\n{html}\n{link}"


def _heavy(site: Site, title: str, html: str, author: Author) -> str:
    data = "".join(f'{{"@type":"ListItem","position":{number},"item":"/c/{number}"}},' for number in range(1, 30))
    return f"""<!DOCTYPE html><html><head>{_meta(site)}<title>{title}</title>
<style>{_rules(site.host, 400)}</style><script type="application/ld+json">{{"itemListElement":[{data}{{}}]}}</script>
{_script(site.host) * 4}</head><body><div class="mega"><ul>{_menu(author)}</ul></div>
<noscript>Enable JavaScript</noscript>
<!-- build {site.host} if (a < b && c > d) {{ return; }} -->
<div id="app"><div class="row"><div class="col">{html}</div></div></div>{_sidebar(author, 6)}
<div class="cookie">{author.interface("footer")}</div><style>{_rules(site.host + "/late", 200)}</style></body></html>"""


_LAYOUTS: dict[str, Callable[[Site, str, str, Author], str]] = {
    "modern": _modern,
    "board": _board,
    "press": _press,
    "old": _old,
    "minimal": _minimal,
    "heavy": _heavy,
}
