"use strict";
let figures = {};
let hover = {};
const dark = window.matchMedia("(prefers-color-scheme: dark)");

function look() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const axis = {
    gridcolor: colour("--line"), linecolor: colour("--line"), zerolinecolor: colour("--line"), zeroline: false,
    automargin: true, title: { font: { size: 12 }, standoff: 8 }, tickfont: { size: 11 },
  };
  return {
    layout: {
      font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: colour("--soft") },
      xaxis: axis, yaxis: axis,
      hoverlabel: { bgcolor: colour("--card"), bordercolor: colour("--line"), font: { color: colour("--ink"), size: 12 } },
    },
  };
}

const darkShares = [[0, "#232b37"], [0.5, "#2c5694"], [1, "#86b6f5"]];

function prepare(trace) {
  if (trace.type === "heatmap") {
    trace.meta ??= trace.colorscale;
    trace.colorscale = dark.matches ? darkShares : trace.meta;
  }
  if (trace.customdata) {
    trace.hovertext = trace.customdata.map((number) => hover[number]);
    trace.hoverinfo = "text";
  }
  return trace;
}

function draw(place) {
  const figure = figures[place.id];
  const card = getComputedStyle(document.documentElement).getPropertyValue("--card").trim();
  const layout = { ...figure.layout, paper_bgcolor: card, template: look() };
  const options = { responsive: true, displaylogo: false, displayModeBar: false };
  Plotly.react(place, figure.data.map(prepare), layout, options);
}

function drawShown() {
  for (const place of document.querySelectorAll(".plot")) {
    if (!place.closest("[hidden]")) draw(place);
  }
}

async function unpack(id) {
  const packed = Uint8Array.from(atob(document.getElementById(id).textContent), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"))).text();
}

async function drawFirst() {
  const script = document.createElement("script");
  [figures, hover] = [JSON.parse(await unpack("figures")), JSON.parse(await unpack("hover"))];
  script.textContent = await unpack("plotly");
  document.head.append(script);
  drawShown();
  dark.addEventListener("change", drawShown);
}

function giveUp() {
  for (const place of document.querySelectorAll(".plot")) {
    place.textContent = "This browser cannot draw the figures. Open the page in one of 2023 or newer.";
  }
}

for (const place of document.querySelectorAll(".plot")) place.style.height = `${place.dataset.height}px`;
if (document.querySelector(".plot")) drawFirst().catch(giveUp);

for (const button of document.querySelectorAll("[data-shows]")) {
  button.addEventListener("click", () => {
    for (const other of document.querySelectorAll("[data-shows]")) {
      const chosen = other === button;
      other.setAttribute("aria-pressed", String(chosen));
      document.getElementById(other.dataset.shows).hidden = !chosen;
    }
    if (window.Plotly) drawShown();
  });
}

function keyOf(row, column) {
  const cell = row.cells[column];
  const text = cell.dataset.key ?? cell.textContent;
  const number = Number(text.replaceAll(",", ""));
  if (text === "" || text === "–") return "";
  return Number.isNaN(number) ? text : number;
}

function compare(one, other) {
  if (one === "" || other === "") return (one === "") - (other === "");
  if (typeof one === typeof other) return one < other ? -1 : one > other ? 1 : 0;
  return typeof one === "number" ? -1 : 1;
}

const table = document.getElementById("trials");
if (table) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => head.addEventListener("click", () => {
    const ascending = head.getAttribute("aria-sort") !== "ascending";
    for (const other of heads) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
    const rows = [...table.tBodies[0].rows].map((row) => [keyOf(row, column), row]);
    rows.sort((one, other) => (ascending ? 1 : -1) * compare(one[0], other[0]));
    table.tBodies[0].append(...rows.map((pair) => pair[1]));
  }));
  document.getElementById("front-only").addEventListener("change", (event) => {
    table.classList.toggle("front-only", event.target.checked);
  });
}
