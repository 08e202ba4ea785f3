"use strict";
/* Markdown to nodes: prose as it is, fenced code with its comments, strings, numbers and key words told apart. */

const KEYWORDS = new Set((
  "abstract and as assert async await auto begin bool boolean break byte case catch char class const continue def " +
  "default defer del do done double echo elif else elsif end enum except export extends extern false final finally fi " +
  "float fn for foreach from func function go goto if impl implements import in include instanceof int interface is " +
  "lambda let local long loop match mod module mut namespace new nil none None not null of or package pass private " +
  "protected pub public raise repeat require return select self short signed sizeof static string struct super switch " +
  "template then this throw throws trait true True False try type typedef typename undef union unless unsigned until " +
  "use using val var virtual void volatile when where while with yield SELECT FROM WHERE INSERT INTO UPDATE DELETE " +
  "CREATE TABLE JOIN LEFT RIGHT INNER ON GROUP BY ORDER HAVING VALUES SET AND OR NOT NULL"
).split(" "));

const HASH_LANGUAGES = new Set(["c", "cpp", "c++", "cs", "csharp", "css", "objc", "swift", "rust", "php"]);
const DIRECTIVE = /^#\s*(?:include|define|undef|if|ifdef|ifndef|elif|else|endif|pragma|import)\b/;
const PIECES = /(\/\*[\s\S]*?(?:\*\/|$)|\/\/[^\n]*|#[^\n]*|<!--[\s\S]*?(?:-->|$))|("""[\s\S]*?(?:"""|$)|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|(\b\d[\w.]*)|([A-Za-z_]\w*)/g;

/* An element with text or children; the only way nodes are made here, so page content is never parsed as HTML. */
function node(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function highlight(code, language) {
  const out = document.createDocumentFragment();
  let last = 0;
  for (const piece of code.matchAll(PIECES)) {
    const [all, comment, string, digits, word] = piece;
    let kind = "";
    if (comment) kind = DIRECTIVE.test(all) || (all.startsWith("#") && HASH_LANGUAGES.has(language)) ? "d" : "c";
    else if (string) kind = "s";
    else if (digits) kind = "d";
    else if (KEYWORDS.has(word)) kind = "k";
    if (!kind) continue;
    out.append(code.slice(last, piece.index), node("span", { class: kind }, all));
    last = piece.index + all.length;
  }
  out.append(code.slice(last));
  return out;
}

function markdownNodes(text) {
  const out = document.createDocumentFragment();
  const lines = text.split("\n");
  for (let at = 0; at < lines.length; at += 1) {
    const fence = /^(\s*(?:>\s*)*)(`{3,}|~{3,})\s*([\w+#.-]*)[^`]*$/.exec(lines[at]);
    if (!fence) {
      const heading = /^#{1,6}\s/.test(lines[at]);
      out.append(node("p", heading ? { class: "heading" } : {}, lines[at]));
      continue;
    }
    const code = [];
    const end = new RegExp("^\\s*(?:>\\s*)*" + fence[2][0] + "{" + fence[2].length + ",}\\s*$");
    for (at += 1; at < lines.length && !end.test(lines[at]); at += 1) code.push(lines[at]);
    const language = fence[3].toLowerCase();
    const label = language ? "Code, " + language : "Code";
    const block = node("pre", { tabindex: "0", role: "region", "aria-label": label });
    block.append(node("code", {}, highlight(code.join("\n"), language)));
    out.append(block);
  }
  return out;
}
