"use strict";
/* One column of results: the verdict against the threshold, what carries it, the text with each token tinted. */

const SHOWN = 20000; /* code points of text shown at first */
const ROWS = 12;

function figure(value) {
  return value === 0 ? "0" : Math.abs(value) < 0.001 ? value.toExponential(2) : value.toFixed(4);
}

function signed(value) {
  return (value < 0 ? "\u2212" : "+") + Math.abs(value).toFixed(4);
}

function bar(answer) {
  const fill = node("div", { class: "fill" });
  fill.style.width = 100 * answer.score + "%";
  const limit = node("div", { class: answer.threshold > 0.7 ? "limit late" : "limit" }, node("span", {}, "threshold"));
  limit.style.left = 100 * answer.threshold + "%";
  const label = `Score ${figure(answer.score)} of 1, threshold ${figure(answer.threshold)}`;
  return node("div", { class: "bar", role: "img", "aria-label": label }, fill, limit);
}

function details(answer, name) {
  const list = node("dl");
  const rows = { score: figure(answer.score), threshold: figure(answer.threshold), probability: figure(answer.probability), category: answer.label, model: `${name} (${answer.model})` };
  for (const [term, value] of Object.entries(rows)) list.append(node("dt", {}, term), node("dd", {}, value));
  return list;
}

function partName(part) {
  if (part.kind === "constant") return "every page (start value)";
  if (part.kind === "end") return "end of text";
  if (part.kind === "mark") return "structure: " + part.name;
  return node("code", {}, part.name.replace(/\n/g, "\u21b5"));
}

function table(answer) {
  const body = node("tbody");
  for (const part of answer.parts.slice(0, ROWS)) {
    const times = part.spans.length || "";
    body.append(node("tr", {}, node("td", {}, partName(part)), node("td", {}, signed(part.contribution)), node("td", {}, String(times))));
  }
  const head = node("thead", {}, node("tr", {}, node("th", { scope: "col" }, "part"), node("th", { scope: "col" }, "adds"), node("th", { scope: "col" }, "times")));
  const caption = node("caption", {}, `The ${Math.min(ROWS, answer.parts.length)} heaviest of ${answer.parts.length} parts; all of them add up to the logit ${signed(answer.logit)}`);
  return node("table", {}, caption, head, body);
}

/* The part that tints each code point: -1 where none does. Offsets of the API are code points, not UTF-16 units. */
function owners(answer, length) {
  const owner = new Int32Array(length).fill(-1);
  answer.parts.forEach((part, index) => {
    if (part.kind !== "token") return;
    for (const [start, end] of part.spans) if (start < length) owner.fill(index, start, Math.min(end, length));
  });
  return owner;
}

function tinted(answer, count) {
  const points = Array.from(answer.text);
  const length = Math.min(points.length, count);
  const owner = owners(answer, length);
  const heaviest = answer.parts.reduce((most, part) => (part.kind === "token" ? Math.max(most, Math.abs(part.contribution)) : most), 1e-12);
  const out = document.createDocumentFragment();
  for (let start = 0; start < length;) {
    let end = start + 1;
    while (end < length && owner[end] === owner[start]) end += 1;
    const text = points.slice(start, end).join("");
    const part = answer.parts[owner[start]];
    const level = part ? Math.ceil(5 * Math.sqrt(Math.abs(part.contribution) / heaviest)) : 0;
    if (level > 0) out.append(node("span", { class: (part.contribution > 0 ? "p" : "n") + Math.min(level, 5), title: signed(part.contribution) }, text));
    else out.append(text);
    start = end;
  }
  return out;
}

function column(answer, name) {
  const short = answer.label === "too short";
  const yes = !short && answer.label !== "other";
  const verdict = short ? `Too short to tell: the model has an opinion from ${answer.least_characters} characters on` : yes ? `Kept: ${answer.label}` : "Not kept: other";
  const out = node("section", { "aria-label": "Scored by " + name });
  out.append(node("h2", {}, name), node("p", { class: "verdict " + (yes ? "yes" : "no") }, verdict), bar(answer), details(answer, name));
  if (!answer.parts) return out;
  out.append(node("h3", {}, "What carries the score"), table(answer), node("h3", {}, "Text that was scored"));
  out.append(node("p", { class: "hint" }, "Shaded: speaks for the category. Shaded and dotted underneath: against it. Darker is heavier."));
  const text = node("div", { class: "text", tabindex: "0", role: "region", "aria-label": "Text that was scored by " + name });
  text.append(tinted(answer, SHOWN));
  out.append(text);
  if (Array.from(answer.text).length > SHOWN) {
    const more = node("button", { type: "button" }, "Show all of it");
    more.addEventListener("click", () => { text.replaceChildren(tinted(answer, Infinity)); more.remove(); text.focus(); });
    out.append(more);
  }
  return out;
}
