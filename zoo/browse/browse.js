"use strict";
// Searches, filters and sorts the table, and copies commands. Panels are shown by their links, without this script.
const form = document.querySelector("form");
const body = document.querySelector("#models tbody");
const rows = [...body.rows];
const status_ = document.querySelector('[role="status"]');

function show() {
  const words = form.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean);
  const family = form.elements.family.value, kind = form.elements.kind.value;
  let shown = 0;
  for (const row of rows) {
    const fits = (!family || row.dataset.family === family) && (!kind || row.dataset.kind.split(" ").includes(kind))
      && words.every((word) => row.dataset.words.includes(word));
    row.hidden = !fits;
    shown += fits;
  }
  status_.textContent = `${shown} of ${rows.length} models`;
}

function key(row, column) {
  const cell = row.cells[column];
  if (!cell.classList.contains("number")) return cell.textContent.toLowerCase();
  return cell.dataset.value === undefined ? null : Number(cell.dataset.value);
}

function sort(head, column) {
  const numeric = head.classList.contains("number");
  const first = numeric ? "descending" : "ascending", second = numeric ? "ascending" : "descending";
  const order = head.getAttribute("aria-sort") === first ? second : first;
  for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", order);
  const sign = order === "ascending" ? 1 : -1;
  const sorted = rows.map((row, place) => [key(row, column), place, row]).sort(([a, m], [b, n]) => {
    if (a === null || b === null) return (a === null) - (b === null) || m - n;  // those without a value come last
    return a === b ? m - n : (a < b ? -sign : sign);
  });
  body.append(...sorted.map(([, , row]) => row));
}

function buttons() {
  [...document.querySelector("#models thead tr").cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    button.addEventListener("click", () => sort(head, column));
    head.replaceChildren(button);
  });
  for (const button of document.querySelectorAll(".copy button")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }
}

async function copy(button) {
  const text = button.previousElementSibling.textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {  // pages from a file may not have the clipboard
    const area = document.createElement("textarea");
    area.value = text;
    button.parentNode.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = "Copy"; }, 2000);
  button.focus();
}

function opened() {  // for those who read by keyboard or ear
  const panel = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (panel) panel.focus();
}

buttons();
form.hidden = false;
form.addEventListener("input", show);
form.addEventListener("submit", (event) => event.preventDefault());
window.addEventListener("hashchange", opened);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && location.hash && location.hash !== "#models") location.hash = "#models";
});
show();
