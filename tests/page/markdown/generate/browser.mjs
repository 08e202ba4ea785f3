// Reads {name: code} from standard input and writes {case: html}: markup of the highlighters that run in browsers and Node.
// Needs: highlight.js, prismjs, shiki, hexo-util, marked, markdown-it, showdown, katex (npm).
import { createRequire } from "node:module";
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const require = createRequire(pathToFileURL(process.cwd() + "/x.js"));
const load = (name) => require(name);
const samples = JSON.parse(readFileSync(0, "utf8"));
const escape = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
const out = {};

const hljs = load("highlight.js");
for (const language of ["python", "c", "java", "javascript"]) {
  const html = hljs.highlight(samples[language], { language }).value;
  out[`highlightjs/${language}`] = `<pre><code class="hljs language-${language}">${html}</code></pre>`;
}
out["highlightjs/auto"] = `<pre><code class="hljs">${hljs.highlight(samples.sql, { language: "sql" }).value}</code></pre>`;
out["highlightjs/legacy"] = `<pre><code class="rust hljs">${hljs.highlight(samples.rust, { language: "rust" }).value}</code></pre>`;
const rows = hljs.highlight(samples.javascript, { language: "javascript" }).value.split("\n").map((line, at) =>
  `<tr><td class="hljs-ln-line hljs-ln-numbers" data-line-number="${at + 1}"><div class="hljs-ln-n" data-line-number="${at + 1}"></div></td>` +
  `<td class="hljs-ln-line hljs-ln-code" data-line-number="${at + 1}">${line || "\n"}</td></tr>`).join("");
out["highlightjs/line-numbers"] = `<pre><code class="hljs language-javascript"><table class="hljs-ln"><tbody>${rows}</tbody></table></code></pre>`;

const Prism = load("prismjs");
load("prismjs/components/")(["python", "c", "java", "rust", "sql"]);
for (const language of ["python", "c", "javascript"]) {
  const html = Prism.highlight(samples[language], Prism.languages[language], language);
  out[`prism/${language}`] = `<pre class="language-${language}" tabindex="0"><code class="language-${language}">${html}</code></pre>`;
}
const count = samples.rust.split("\n").length;
const gutter = `<span aria-hidden="true" class="line-numbers-rows">${"<span></span>".repeat(count)}</span>`;
const toolbar = '<div class="toolbar"><div class="toolbar-item"><span>Rust</span></div><div class="toolbar-item"><button class="copy-to-clipboard-button" type="button"><span>Copy</span></button></div></div>';
out["prism/toolbar"] = `<div class="code-toolbar"><pre class="line-numbers language-rust" tabindex="0"><code class="language-rust">${Prism.highlight(samples.rust, Prism.languages.rust, "rust")}${gutter}</code></pre>${toolbar}</div>`;
const lines = Prism.highlight(samples.sql, Prism.languages.sql, "sql").split("\n")
  .map((line) => `<div class="token-line" style="color:#393A34">${line}</div>`).join("");
out["prism/react"] = `<div class="prism-code language-sql"><pre><code>${lines}</code></pre><button class="clean-btn" aria-label="Copy code to clipboard">Copy</button></div>`;
const docusaurus = Prism.highlight(samples.java, Prism.languages.java, "java").split("\n")
  .map((line) => `<span class="token-line" style="color:#F8F8F2">${line}<br></span>`).join("");
out["prism/docusaurus"] = `<div class="language-java codeBlockContainer_x theme-code-block"><div class="codeBlockContent_y"><pre tabindex="0" class="prism-code language-java codeBlock_z"><code class="codeBlockLines_w">${docusaurus}</code></pre><div class="buttonGroup_v"><button type="button" aria-label="Copy">Copy</button></div></div></div>`;
const docnumbers = Prism.highlight(samples.java, Prism.languages.java, "java").split("\n")
  .map((line) => `<span class="token-line codeLine_a" style="color:#F8F8F2"><span class="codeLineNumber_b"></span><span class="codeLineContent_c">${line}</span><br></span>`).join("");
out["prism/docusaurus-numbers"] = `<div class="language-java theme-code-block"><pre tabindex="0" class="prism-code language-java"><code>${docnumbers}</code></pre></div>`;

const { codeToHtml } = await import(pathToFileURL(require.resolve("shiki")));
for (const [lang, theme] of [["python", "nord"], ["c", "github-light"], ["rust", "vitesse-dark"]]) {
  out[`shiki/${lang}`] = await codeToHtml(samples[lang], { lang, theme });
}
const shiki = await codeToHtml(samples.javascript, { lang: "javascript", themes: { light: "github-light", dark: "nord" } });
const total = samples.javascript.split("\n").length;
out["shiki/vitepress"] = `<div class="language-javascript vp-adaptive-theme line-numbers-mode"><button title="Copy Code" class="copy"></button><span class="lang">javascript</span>${shiki}<div class="line-numbers-wrapper" aria-hidden="true">${Array.from({ length: total }, (_, at) => `<span class="line-number">${at + 1}</span><br>`).join("")}</div></div>`;
out["shiki/grid"] = (await codeToHtml(samples.sql, { lang: "sql", theme: "nord" })).replace(/\n/g, "").replace("<code>", '<code style="display:grid">');
out["shiki/astro"] = (await codeToHtml(samples.yaml, { lang: "yaml", theme: "nord" })).replace('class="shiki', 'data-language="yaml" class="astro-code');

const hexo = load("hexo-util");
for (const [name, options] of Object.entries({
  gutter: { gutter: true, wrap: true, lang: "java" },
  "no-gutter": { gutter: false, wrap: true, lang: "java" },
  "first-line": { gutter: true, wrap: true, lang: "java", firstLine: 41 },
  caption: { gutter: true, wrap: true, lang: "java", caption: "<span>Queue.java</span>" },
  hljs: { gutter: true, wrap: true, hljs: true, lang: "java" },
  bare: { gutter: false, wrap: false, lang: "java", hljs: true },
})) out[`hexo/${name}`] = hexo.highlight(samples.java, options);
out["hexo/prism"] = hexo.prismHighlight(samples.python, { lang: "python", lineNumber: true, isPreprocess: true });

const fenced = "```python\n" + samples.python + "\n```\n\nText with `a < b` in it.\n\n1. first\n\n" +
  ("```sql\n" + samples.sql + "\n```").replace(/^/gm, "    ") + "\n2. second\n";
out["markdown/marked"] = load("marked").marked.parse(fenced);
out["markdown/markdown-it"] = load("markdown-it")().render(fenced);
out["markdown/showdown"] = new (load("showdown").Converter)({ ghCodeBlocks: true }).makeHtml(fenced);
out["markdown/ticks"] = load("markdown-it")().render("````markdown\n" + samples.ticks + "\n````\n\nInline ``a `tick` b`` too.\n");

const katex = load("katex");
out["math/katex"] = `<p>The sum ${katex.renderToString("\\sum_{i=1}^{n} i^2")} grows, and</p>${katex.renderToString("E = m c^2", { displayMode: true })}`;

writeFileSync(1, JSON.stringify(out));
