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

const controller = document.querySelector("media-controller");
const video = controller.querySelector("video");
const trouble = controller.querySelector(".trouble");

const GENERAL = "This part of the film did not come.";
const AGAIN = " Trying again…";

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

/** The server's own sentence, where the answer has one. */
function sentenceOf(data) {
  const loaded = data.networkDetails;
  try {
    const raw = loaded.response;
    const text = typeof raw === "string" ? raw : new TextDecoder().decode(raw);
    return JSON.parse(text).error || GENERAL;
  } catch {
    return GENERAL;
  }
}

function isFinal(data) {
  const status = data.response?.code ?? 0;
  return status >= 400 && status < 500 && status !== 408 && status !== 429;
}

function patient(policy) {
  const retry = { maxNumRetry: 1000, retryDelayMs: AGAIN_AFTER_MS, maxRetryDelayMs: 8_000 };
  return {
    default: {
      ...policy.default,
      maxTimeToFirstByteMs: FIRST_BYTE_PATIENCE_MS,
      timeoutRetry: retry,
      errorRetry: retry,
    },
  };
}

function playWith(Hls) {
  const hls = new Hls({
    // Fragments are played as they are: there is nothing for a worker to do.
    enableWorker: false,
    maxBufferLength: AHEAD_AT_REST,
    maxMaxBufferLength: AHEAD_WHEN_PLAYING,
    fragLoadPolicy: patient(Hls.DefaultConfig.fragLoadPolicy),
    manifestLoadPolicy: patient(Hls.DefaultConfig.manifestLoadPolicy),
    playlistLoadPolicy: patient(Hls.DefaultConfig.playlistLoadPolicy),
  });
  let isOver = false;
  let recovered = 0;
  hls.on(Hls.Events.ERROR, (_event, data) => {
    if (data.details === Hls.ErrorDetails.BUFFER_STALLED_ERROR || isOver) return;
    if (isFinal(data)) {
      isOver = true;
      hls.stopLoad();
      excuseWith(sentenceOf(data));
    } else if (data.type === Hls.ErrorTypes.NETWORK_ERROR) {
      excuseWith(sentenceOf(data) + AGAIN);
      if (data.fatal) setTimeout(() => hls.startLoad(), AGAIN_AFTER_MS);
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
  hls.loadSource(new URL(controller.dataset.source, document.baseURI).href);
  hls.attachMedia(video);
}

function playAlone() {
  video.preload = "metadata";
  let timer = 0;
  video.addEventListener("error", () => {
    if (timer) return;
    say(GENERAL + AGAIN);
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

if (customElements.get("media-controller")) {
  video.controls = false;
  listenForKeys();
}
try {
  const { default: Hls } = await import("./vendor/hls/hls.light.min.mjs");
  if (Hls.isSupported()) playWith(Hls);
  else playAlone();
} catch {
  playAlone();
}
