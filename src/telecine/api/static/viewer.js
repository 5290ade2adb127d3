// The viewer page beside its player: the state of the rendering as it goes on, and copying.

const WHILE_RENDERING_MS = 1_000;
const OTHERWISE_MS = 5_000;
const COPIED_MS = 2_000;
const PLACEHOLDER = "DOWNLOAD_URL";

const work = document.querySelector(".work");

function show(state) {
  work.dataset.status = state.status;
  work.querySelector("progress").value = state.progress;
  work.querySelector(".percent").textContent = `${state.progress} %`;
  const failure = document.querySelector(".failure");
  failure.hidden = state.status !== "failed";
  failure.querySelector("[data-reason]").textContent = state.error ?? "";
  const link = work.querySelector("[data-download]");
  link.hidden = !state.downloadUrl;
  const isNewer = state.revision !== undefined && String(state.revision) !== work.dataset.revision;
  if (isNewer && !document.querySelector("media-controller")) location.reload();
  document.querySelector("[data-newer]").hidden = !isNewer;
  work.querySelector("[data-gone]").hidden = Boolean(state.downloadUrl);
  if (!state.downloadUrl) return;
  link.href = state.downloadUrl;
  link.querySelector("[data-size]").textContent = ` ${state.size ?? ""}`;
  for (const command of document.querySelectorAll(".request code")) {
    command.textContent = command.textContent.replace(PLACEHOLDER, state.downloadUrl);
  }
}

async function ask() {
  if (document.hidden) return;
  const answer = await fetch(work.dataset.url, { cache: "no-store" });
  if (answer.ok) show(await answer.json());
  else if (answer.status === 404 || answer.status === 410) location.reload();
}

async function watch() {
  try {
    await ask();
  } catch {
    // The server is away for a moment; the next question may find it.
  }
  setTimeout(watch, work.dataset.status === "rendering" ? WHILE_RENDERING_MS : OTHERWISE_MS);
}

async function write(text, shown) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without TLS browsers have no clipboard for pages: select, and copy as by hand.
    getSelection().selectAllChildren(shown);
    document.execCommand("copy");
  }
}

for (const button of document.querySelectorAll(".copy")) {
  button.addEventListener("click", async () => {
    const shown = button.parentElement.querySelector("code");
    await write(shown.textContent, shown);
    button.textContent = "Copied";
    document.querySelector("#copied").textContent = "Copied";
    setTimeout(() => {
      button.textContent = "Copy";
      document.querySelector("#copied").textContent = "";
    }, COPIED_MS);
  });
}
if (work) setTimeout(watch, work.dataset.status === "rendering" ? WHILE_RENDERING_MS : OTHERWISE_MS);
