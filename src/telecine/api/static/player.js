// The player: HLS in the browser, its keys, and what it says when a segment does not come.
//
// hls.js plays wherever the browser lets it (Media Source Extensions), for it tells why a segment
// failed and tries again; without it, or on telephones, the browser's own HLS does.

/**
 * Seconds that are loaded ahead: each costs the server as much as it takes to render. At rest a
 * segment and the one after it, so that there is no halt right after the beginning.
 */
const AHEAD_AT_REST = 3;
const AHEAD_WHEN_PLAYING = 12;
const FIRST_BYTE_PATIENCE_MS = 60_000;
const AGAIN_AFTER_MS = 2_000;
/** A film of 8 seconds may end at 7.999, and the clock leaves out what is no whole second. */
const NEARLY_SECONDS = 0.02;

const controller = document.querySelector("media-controller");
const video = controller.querySelector("video");
const trouble = controller.querySelector(".trouble");

/** A finished file, not segments that are drawn while somebody watches. */
const isWhole = "whole" in controller.dataset;

const GENERAL = "This part of the film did not come.";
const AGAIN = " Trying again…";
/** Those may go well a moment later; what else the server says in words of its own stays so. */
const PASSING = [408, 425, 429, 503];

let excuse = "";

function say(words) {
  trouble.textContent = words;
  trouble.hidden = !words;
}

/** Say it now if the picture stands still for it, else when it does. */
function excuseWith(words) {
  excuse = words;
  if (video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA) say(words);
}

function settle() {
  excuse = "";
  say("");
}

video.addEventListener("waiting", () => say(excuse));
video.addEventListener("playing", () => say(""));

/** What is shown in the player's place when nothing of the film will come: the page's faults. */
function giveUp({ error, faults }) {
  const card = document.createElement("section");
  card.className = "faults";
  card.setAttribute("role", "alert");
  const heading = document.createElement("h2");
  heading.textContent = "This film cannot be shown";
  const list = document.createElement("ol");
  for (const { path, message } of faults.length ? faults : [{ message: error }]) {
    const item = list.appendChild(document.createElement("li"));
    if (path) {
      const where = item.appendChild(document.createElement("code"));
      where.className = "where";
      where.textContent = path;
    }
    item.appendChild(document.createElement("p")).textContent = message;
  }
  card.append(heading, list);
  (controller.closest(".stage") ?? controller).replaceWith(card);
}

/** The server's own words, where an answer has some. */
function wordsOf(text) {
  try {
    // Of projects `error` is a code, and the sentence is `message`.
    const { error, message = error, details, data = details } = JSON.parse(text);
    return { error: message || GENERAL, faults: data?.errors ?? [], isOurs: Boolean(message) };
  } catch {
    return { error: GENERAL, faults: [], isOurs: false };
  }
}

function answerOf(data) {
  try {
    const raw = data.networkDetails.response;
    return wordsOf(typeof raw === "string" ? raw : new TextDecoder().decode(raw));
  } catch {
    return wordsOf("");
  }
}

/** A 5xx without our words is from something between us and the server: it may start anew. */
function isFinal(status, words) {
  return status >= 400 && !PASSING.includes(status) && (status < 500 || words.isOurs);
}

function patient(policy) {
  const retry = { maxNumRetry: 1000, retryDelayMs: AGAIN_AFTER_MS, maxRetryDelayMs: 4_000 };
  return {
    default: {
      ...policy.default,
      maxTimeToFirstByteMs: FIRST_BYTE_PATIENCE_MS,
      timeoutRetry: retry,
      errorRetry: retry,
    },
  };
}

/** Of a playlist nothing is told while it is tried again: then we try it again ourselves. */
function outspoken(policy) {
  return { default: { ...policy.default, timeoutRetry: null, errorRetry: null } };
}

function playWith(Hls) {
  const source = new URL(controller.dataset.source, document.baseURI).href;
  const hls = new Hls({
    // Fragments are played as they are: there is nothing for a worker to do.
    enableWorker: false,
    maxBufferLength: AHEAD_AT_REST,
    maxMaxBufferLength: AHEAD_WHEN_PLAYING,
    fragLoadPolicy: patient(Hls.DefaultConfig.fragLoadPolicy),
    manifestLoadPolicy: outspoken(patient(Hls.DefaultConfig.manifestLoadPolicy)),
    playlistLoadPolicy: patient(Hls.DefaultConfig.playlistLoadPolicy),
  });
  let isOver = false;
  let recovered = 0;
  hls.on(Hls.Events.ERROR, (_event, data) => {
    if (data.details === Hls.ErrorDetails.BUFFER_STALLED_ERROR || isOver) return;
    const words = answerOf(data);
    if (isFinal(data.response?.code ?? 0, words)) {
      isOver = true;
      hls.stopLoad();
      if (video.buffered.length) excuseWith(words.error);
      else giveUp(words);
    } else if (data.type === Hls.ErrorTypes.NETWORK_ERROR) {
      excuseWith(words.error + AGAIN);
      if (!data.fatal) return;
      setTimeout(() => (hls.levels.length ? hls.startLoad() : hls.loadSource(source)), AGAIN_AFTER_MS);
    } else if (data.fatal && data.type === Hls.ErrorTypes.MEDIA_ERROR && recovered < 2) {
      recovered += 1;
      hls.recoverMediaError();
    } else if (data.fatal) {
      isOver = true;
      say("This browser cannot play the film.");
    }
  });
  hls.on(Hls.Events.FRAG_BUFFERED, settle);
  hls.on(Hls.Events.LEVEL_LOADED, settle);
  video.addEventListener("play", () => {
    hls.config.maxBufferLength = AHEAD_WHEN_PLAYING;
  });
  hls.loadSource(source);
  hls.attachMedia(video);
}

function playAlone() {
  video.preload = "metadata";
  let timer = 0;
  video.addEventListener("error", async () => {
    if (timer) return;
    timer = 1;
    const method = isWhole ? "HEAD" : "GET";
    const answer = await fetch(controller.dataset.source, { method }).catch(() => null);
    const words = wordsOf(answer && !answer.ok ? await answer.text() : "");
    if (answer && isFinal(answer.status, words)) {
      giveUp(words);
      return;
    }
    say(words.error + AGAIN);
    const { currentTime, paused } = video;
    timer = setTimeout(() => {
      timer = 0;
      video.load();
      video.currentTime = currentTime;
      if (!paused) video.play().catch(() => {});
    }, AGAIN_AFTER_MS);
  });
  video.addEventListener("loadeddata", settle);
}

/** Keys work from the whole page, unless something else has the focus. */
function listenForKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.target !== document.body || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Tab" || event.key === "Shift") return;
    video.focus({ preventScroll: true });
    const again = new KeyboardEvent("keydown", event);
    if (!video.dispatchEvent(again)) event.preventDefault();
  });
}

function keepTime(clock) {
  const shown = ["mediaduration", "mediacurrenttime"];
  const tell = () => {
    for (const name of shown) {
      const seconds = Number(clock.getAttribute(name));
      const whole = Math.round(seconds);
      if (seconds < whole && whole - seconds < NEARLY_SECONDS) clock.setAttribute(name, whole);
    }
  };
  new MutationObserver(tell).observe(clock, { attributeFilter: shown });
  tell();
}

if (customElements.get("media-controller")) {
  keepTime(document.querySelector("media-time-display"));
  video.controls = false;
  listenForKeys();
}
try {
  const { default: Hls } = isWhole ? {} : await import("./vendor/hls/hls.light.min.mjs");
  if (Hls?.isSupported()) playWith(Hls);
  else playAlone();
} catch {
  playAlone();
}
