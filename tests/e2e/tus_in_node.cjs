// Runs the page's own code for tus-js-client under Node: a form of HTTP and a storage in a file take
// the browser's place. `node tus_in_node.cjs TUS SNIPPET FILE STORAGE URL KEY PAUSE_AT`
//
// With PAUSE_AT bytes, the first request stops there and says so, until it is broken.

const fs = require("fs");
const path = require("path");

const [tusPath, snippetPath, filePath, storagePath, url, key, pauseAt] = process.argv.slice(2);
const tus = require(tusPath);
let left = Number(pauseAt);

async function* paused(body) {
  const bytes = new Uint8Array(await body.arrayBuffer());
  for (let at = 0; at < left; at += 65536) yield bytes.slice(at, Math.min(at + 65536, left));
  left = 0;
  console.log("paused");
  await new Promise(() => {});
}

class Request {
  constructor(method, address) {
    Object.assign(this, { method, address, headers: {}, controller: new AbortController() });
  }
  getMethod() { return this.method; }
  getURL() { return this.address; }
  setHeader(name, value) { this.headers[name] = value; }
  getHeader(name) { return this.headers[name]; }
  setProgressHandler() {}
  async send(body) {
    const options = { method: this.method, headers: this.headers, signal: this.controller.signal };
    if (body) Object.assign(options, { body: left ? ReadableStream.from(paused(body)) : body, duplex: "half" });
    const answer = await fetch(this.address, options);
    const text = await answer.text();
    const offset = answer.headers.get("Upload-Offset");
    console.log(`${this.method} ${answer.status} ${offset}`);
    return {
      getStatus: () => answer.status,
      getHeader: (name) => answer.headers.get(name),
      getBody: () => text,
      getUnderlyingObject: () => answer,
    };
  }
  async abort() { this.controller.abort(); }
  getUnderlyingObject() { return this; }
}

const kept = () => (fs.existsSync(storagePath) ? JSON.parse(fs.readFileSync(storagePath)) : {});
const keep = (all) => fs.writeFileSync(storagePath, JSON.stringify(all));

Object.assign(tus.defaultOptions, {
  httpStack: { createRequest: (method, address) => new Request(method, address), getName: () => "fetch" },
  fingerprint: async (file) => `${file.name}-${file.size}`,
  urlStorage: {
    findAllUploads: async () => Object.values(kept()),
    findUploadsByFingerprint: async (print) => Object.values(kept()).filter((each) => each.urlStorageKey.startsWith(print)),
    removeUpload: async (name) => { const all = kept(); delete all[name]; keep(all); },
    addUpload: async (print, upload) => {
      keep({ ...kept(), [`${print}-1`]: { ...upload, urlStorageKey: `${print}-1` } });
      return `${print}-1`;
    },
  },
});

const file = new File([fs.readFileSync(filePath)], path.basename(filePath), { type: "video/mp4" });
new Function("tus", "file", "URL", "KEY", fs.readFileSync(snippetPath, "utf8"))(tus, file, url, key);
