"""Source browsers and reference documentation: cgit, gitweb, Doxygen, Javadoc, rustdoc, man pages.

Needs on the path or where Debian puts them: git, cgit, gitweb, highlight, doxygen, javadoc, rustdoc, groff, man2html,
mandoc.
"""
# runs by hand, beside generators that are no dependency
# mypy: ignore-errors

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import snippets as s
from case import Case, slim

AUTHOR = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in
          (("NAME", "A Person"), ("EMAIL", "person@example.org"), ("DATE", "2024-01-02T03:04:05Z"))}  # fmt: skip
CHANGED = s.C.replace("best = 0;", "best = -1;")
PATCH = [
    " int main(int argc, char **argv)",
    " {",
    "-\tint i, best = 0;",
    "+\tint i, best = -1;",
    " ",
]


def run(command: list[str], folder: str, **environment: str) -> str:
    """Standard output of a command run in a folder."""
    done = subprocess.run(command, cwd=folder, capture_output=True, check=True, env={**os.environ, **environment})
    return done.stdout.decode("utf-8")


def repository(folder: str) -> None:
    """A repository of two commits."""
    git = ["git", "-c", "init.defaultBranch=main"]
    run([*git, "init", "-q"], folder)
    for code in (s.C, CHANGED):
        Path(folder, "best.c").write_text(code + "\n")
        run([*git, "add", "."], folder)
        run([*git, "commit", "-q", "-m", "Find the best"], folder, **AUTHOR)


def browsers() -> Iterator[Case]:
    """Blobs and diffs of cgit and gitweb."""
    with tempfile.TemporaryDirectory() as folder:
        repository(folder)
        config = Path(folder, "cgitrc")
        filters = {"plain": "", "highlighted": "source-filter=/usr/lib/cgit/filters/syntax-highlighting.sh\n"}
        for name, line in filters.items():
            config.write_text(f"cache-size=0\n{line}repo.url=demo\nrepo.path={folder}/.git\n")
            for view in ("tree/best.c", "commit/"):
                page = run(
                    ["/usr/lib/cgit/cgit.cgi"],
                    folder,
                    CGIT_CONFIG=str(config),
                    PATH_INFO=f"/demo/{view}",
                    REQUEST_METHOD="GET",
                )
                page = slim(page[page.index("<!DOCTYPE") :])
                if view == "commit/":
                    if name == "plain":
                        yield Case(
                            "cgit", "commit", page, [], ("+\tint i, best = -1;", "-\tint i, best = 0;"), (), "cgit"
                        )
                    continue
                yield Case("cgit", name, page, [("", CHANGED)], (), ("\n12\n",), "cgit")
        script = "/usr/share/gitweb/gitweb.cgi"
        Path(folder, "gitweb.conf").write_text(f"our $projectroot = '{folder}';\n")
        for view in ("blob;f=best.c", "commitdiff"):
            page = run([script], folder, GITWEB_CONFIG=f"{folder}/gitweb.conf", QUERY_STRING=f"p=.git;a={view};hb=HEAD",
                       REQUEST_METHOD="GET", GATEWAY_INTERFACE="CGI/1.1")  # fmt: skip
            page = slim(page[page.index("<?xml") :])
            page = re.sub(r"<\?xml[^>]*\?>", "", page)
            if view.startswith("blob"):
                code = CHANGED.expandtabs(8)
                yield Case("gitweb", "blob", page, [("", code)], (), (), "gitweb")
            else:
                patch = run(["git", "show", "--full-index", "--format=", "HEAD"], folder).rstrip("\n")
                patch = "\n".join(line.expandtabs(8).rstrip(" ") for line in patch.split("\n"))
                patch = patch.replace("100644\n", "100644 (file)\n", 1)
                yield Case("gitweb", "commitdiff", page, [("diff", patch)], (), (), "gitweb")


DOXYGEN = f"""\
/** @file
 * {s.BEFORE}
 *
 * @code{{.c}}
 * int best = MAX(1, 2);
 *
 * if (best < 2 && best > 0)
 *     return "{{}}";
 * @endcode
 *
 * {s.AFTER}
 */
{s.C.replace(chr(9), "    ")}
"""


def doxygen() -> Iterator[Case]:
    """A file's documentation with an example, and its source with line numbers."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "best.c").write_text(DOXYGEN)
        Path(folder, "Doxyfile").write_text(
            "INPUT=best.c\nEXTRACT_ALL=YES\nSOURCE_BROWSER=YES\nGENERATE_LATEX=NO\nQUIET=YES\nWARNINGS=NO\n"
            "STRIP_CODE_COMMENTS=NO\nINLINE_SOURCES=NO\nTAB_SIZE=8\n"
        )
        run(["doxygen"], folder)
        example = 'int best = MAX(1, 2);\n\nif (best < 2 && best > 0)\n    return "{}";'
        page = slim(Path(folder, "html", "best_8c.html").read_text())
        yield Case("doxygen", "file", page, [("", example)], (s.BEFORE, s.AFTER), (), "Doxygen")
        page = slim(Path(folder, "html", "best_8c_source.html").read_text())
        yield Case("doxygen", "source", page, [("", DOXYGEN.rstrip("\n"))], (), (), "Doxygen")


JAVADOC = f"""\
package demo;

/**
 * {s.BEFORE}
 *
 * <pre>{{@code
 * Queue<String> queue = new Queue<>();
 *
 * if (queue.size() < 3 && true) {{
 *     queue.push("a");
 * }}
 * }}</pre>
 *
 * {s.AFTER}
 *
 * @param <T> what it holds
 */
public class Queue<T extends Comparable<T>> {{
    /** How many fit. */
    public static final int LIMIT = 10;

    /**
     * Adds an item, see {{@link #size()}} and {{@code a < b}}.
     *
     * @param item the item
     * @param times how often
     */
    public void push(T item, int times) {{}}

    /**
     * Counts.
     *
     * @return the number of items
     */
    public int size() {{ return 0; }}
}}
"""


def javadoc() -> Iterator[Case]:
    """A class with an example in its description."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "demo").mkdir()
        Path(folder, "demo", "Queue.java").write_text(JAVADOC)
        run(["javadoc", "-quiet", "-Xdoclint:none", "-notimestamp", "-d", "out", "demo/Queue.java"], folder)
        page = slim(Path(folder, "out", "demo", "Queue.html").read_text())
        example = '\nQueue<String> queue = new Queue<>();\n\nif (queue.size() < 3 && true) {\n    queue.push("a");\n}'[
            1:
        ]
        example = "\n".join(" " + line if line else line for line in example.split("\n"))
        blocks = [
            ("", "public class Queue<T extends Comparable<T>>\nextends Object"),
            ("", example),
            ("", "public static final int LIMIT"),
            ("", "public Queue()"),
            ("", "public void push(T item,\n int times)"),
            ("", "public int size()"),
        ]
        yield Case("javadoc", "class", page, blocks, (s.BEFORE, s.AFTER, "`a < b`"), (), "Javadoc 17")


RUSTDOC = f"""\
//! {s.BEFORE}
//!
//! {s.AFTER}

/// Counts `words`.
///
/// # Examples
///
/// ```
/// let seen = demo::count(&["a", "b"]);
///
/// if seen["a"] < 2 && true {{
///     println!("{{}}", seen["a"]);
/// }}
/// ```
pub {s.RUST[s.RUST.index("fn count") :].replace("HashMap", "std::collections::HashMap")}
"""


def rustdoc() -> Iterator[Case]:
    """A function with an example, and its source."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "demo.rs").write_text(RUSTDOC)
        run(["rustdoc", "--edition=2021", "-o", "out", "demo.rs"], folder)
        page = slim(Path(folder, "out", "demo", "fn.count.html").read_text())
        example = (
            'let seen = demo::count(&["a", "b"]);\n\nif seen["a"] < 2 && true {\n    println!("{}", seen["a"]);\n}'
        )
        signature = "pub fn count<'a>(words: &[&'a str]) -> HashMap<&'a str, usize>"
        yield Case(
            "rustdoc",
            "function",
            page,
            [("rust", signature), ("rust", example)],
            ("Counts `words`.",),
            ("§",),
            "rustdoc",
        )
        page = slim(Path(folder, "out", "src", "demo", "demo.rs.html").read_text())
        yield Case("rustdoc", "source", page, [("rust", RUSTDOC.rstrip("\n"))], (), (), "rustdoc")


MAN = r""".TH DEMO 1 2024-01-02 "demo 1.0" "User Commands"
.SH NAME
demo \- show how a manual page comes out
.SH SYNOPSIS
.B demo
[\fB\-n\fR \fICOUNT\fR]
.SH DESCRIPTION
The program reads its files in the order in which they are given, and it writes one line for each of them to its output.
.SH EXAMPLES
The first example counts, and the second one shows what happens with an option:
.PP
.nf
$ demo \-n 3 <input && echo done
    one
        two   three
.fi
.PP
Nothing else is written, whatever the input holds, and the exit status tells whether all of the files could be read.
"""
SESSION = "$ demo -n 3 <input && echo done\n    one\n        two   three"


def manuals() -> Iterator[Case]:
    """One manual page through three converters, and as the terminal shows it."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "demo.1").write_text(MAN)
        present = ("The program reads its files in the order", "Nothing else is written, whatever")
        page = run(["mandoc", "-Thtml", "demo.1"], folder)
        yield Case("man", "mandoc", slim(page), [("", SESSION.replace("\n", "\n\n\n"))], present, (), "mandoc")
        page = run(["man2html", "-r", "demo.1"], folder)
        yield Case("man", "man2html", slim(page[page.index("<HTML") :]), [("", SESSION)], present, (), "man2html")
        text = re.sub("\x1b\\[[0-9;]*m", "", run(["groff", "-man", "-Tutf8", "-P-c", "demo.1"], folder))
        text = re.sub(".\b", "", text).strip("\n")
        body = text.replace("&", "&amp;").replace("<", "&lt;").replace("demo ", "<b>demo</b> ")
        yield Case(
            "man",
            "terminal",
            f"<html><body><h1>demo(1)</h1><pre>{body}</pre></body></html>",
            [("", text)],
            (),
            (),
            "groff",
        )


def cases() -> Iterator[Case]:
    """All pages of this module."""
    yield from browsers()
    yield from doxygen()
    yield from javadoc()
    yield from rustdoc()
    yield from manuals()
