"use strict";
/* The form: what is pasted or dropped goes to the service this page came from, and nowhere else. */

const byId = (id) => document.getElementById(id);
const FILE_LIMIT = 8 * 1024 * 1024;
let dropped = null; /* a file's bytes, sent as they are so that its encoding is found as in the crawl */
let names = new Map();

async function call(path, payload) {
  const headers = {};
  if (payload) headers["Content-Type"] = "application/json";
  if (byId("token").value) headers.Authorization = "Bearer " + byId("token").value;
  const answer = await fetch(path, { method: payload ? "POST" : "GET", headers, body: payload ? JSON.stringify(payload) : undefined });
  const value = await answer.json();
  if (answer.status === 401) byId("secret").hidden = false;
  if (!answer.ok) throw Object.assign(new Error(`${value.title}. ${value.detail}`), { status: answer.status });
  return value;
}

function say(text, bad) {
  byId("status").textContent = text;
  byId("status").className = bad ? "bad" : "";
}

async function loadModels() {
  const { models } = await call("/v1/models");
  names = new Map(models.map((model) => [model.version, model.name]));
  const options = () => models.map((model) => node("option", { value: model.version }, `${model.name} (${model.version})`));
  byId("model").replaceChildren(...options());
  byId("other").replaceChildren(node("option", { value: "" }, "nothing"), ...options());
  const report = models.find((model) => model.report);
  if (report) { byId("report").href = report.report; byId("report").hidden = false; }
}

function base64(bytes) {
  let binary = "";
  for (let at = 0; at < bytes.length; at += 32768) binary += String.fromCharCode(...bytes.subarray(at, at + 32768));
  return btoa(binary);
}

function page() {
  if (dropped) return { body: base64(dropped) };
  const kind = document.querySelector("input[name=kind]:checked").value;
  return { [kind]: byId("source").value };
}

async function explained(given, model) {
  try {
    return await call("/v1/explain", { ...given, model });
  } catch (error) {
    if (error.status !== 413) throw error;
    const { items } = await call("/v1/score", { items: [given], model }); /* too long to explain, not to score */
    if (items[0].error) throw new Error(items[0].error.detail);
    return items[0];
  }
}

async function score() {
  const given = page();
  if (!dropped && !Object.values(given)[0].trim()) { say("Paste a page or choose a file first.", true); byId("source").focus(); return; }
  byId("go").disabled = true;
  say("Scoring…");
  try {
    if (!names.size) await loadModels();
    const versions = [byId("model").value, byId("other").value].filter((version, place, all) => version && all.indexOf(version) === place);
    const answers = await Promise.all(versions.map((version) => explained(given, version)));
    byId("columns").replaceChildren(...answers.map((answer) => column(answer, names.get(answer.model) || answer.model)));
    byId("columns").className = answers.length > 1 ? "two" : "";
    await extract(given);
    byId("results").hidden = false;
    say(answers.map((answer) => `${names.get(answer.model) || answer.model}: score ${figure(answer.score)}, ${{ other: "not kept", "too short": "too short to tell" }[answer.label] || "kept"}`).join("; ") + ".");
    byId("results").focus({ preventScroll: true });
    byId("results").scrollIntoView({ block: "start" });
  } catch (error) {
    say(error.message, true);
  } finally {
    byId("go").disabled = false;
  }
}

async function extract(given) {
  byId("markdown").parentElement.hidden = "text" in given;
  if ("text" in given) return;
  try {
    const { markdown } = await call("/v1/extract", given);
    byId("markdown").replaceChildren(markdown ? markdownNodes(markdown) : node("p", {}, "Nothing was extracted."));
  } catch (error) {
    byId("markdown").replaceChildren(node("p", {}, error.message));
  }
}

async function take(file) {
  if (!file) return;
  if (file.size > FILE_LIMIT) { say("A file has at most 8 MiB.", true); return; }
  const bytes = new Uint8Array(await file.arrayBuffer());
  const plain = /\.(txt|md)$/i.test(file.name) || file.type === "text/plain";
  byId("source").value = new TextDecoder().decode(bytes);
  document.querySelector(`input[name=kind][value=${plain ? "text" : "html"}]`).checked = true;
  dropped = plain ? null : bytes;
  byId("chosen").textContent = `${file.name}, ${bytes.length} bytes`;
  await score();
}

function forget() {
  dropped = null;
  byId("chosen").textContent = "";
}

byId("form").addEventListener("submit", (event) => { event.preventDefault(); score(); });
byId("source").addEventListener("input", forget);
byId("source").addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); score(); } });
for (const radio of document.querySelectorAll("input[name=kind]")) radio.addEventListener("change", forget);
byId("file").addEventListener("change", (event) => take(event.target.files[0]));
byId("clear").addEventListener("click", () => { byId("source").value = ""; byId("file").value = ""; forget(); byId("results").hidden = true; say(""); byId("source").focus(); });
byId("token").addEventListener("change", () => loadModels().then(() => say("")).catch((error) => say(error.message, true)));
document.addEventListener("dragover", (event) => { event.preventDefault(); document.body.classList.add("dropping"); });
document.addEventListener("dragleave", () => document.body.classList.remove("dropping"));
document.addEventListener("drop", (event) => { event.preventDefault(); document.body.classList.remove("dropping"); take(event.dataTransfer.files[0]); });
loadModels().catch((error) => say(error.message, true));
