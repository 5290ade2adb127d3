// Renders one benchmark composition with Remotion: node render.mjs COMPOSITION.json OUT.mp4
//
// Prints the seconds that bundling took; a user bundles once for many renders, so the benchmark
// takes them off. The media lie beside the composition.

import { bundle } from "@remotion/bundler";
import { renderMedia, selectComposition } from "@remotion/renderer";
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const [composition, output] = process.argv.slice(2);
const here = dirname(fileURLToPath(import.meta.url));
const inputProps = JSON.parse(readFileSync(composition, "utf-8"));
const browserExecutable = process.env.CHROMIUM ?? "/usr/bin/chromium";
const chromiumOptions = { gl: "swangle", headless: true };

const begun = performance.now();
const serveUrl = await bundle({
  entryPoint: resolve(here, "composition.jsx"),
  publicDir: dirname(resolve(composition)),
});
const bundled = performance.now();
const common = { serveUrl, inputProps, browserExecutable, chromeMode: "chrome-for-testing", chromiumOptions };
await renderMedia({
  ...common,
  composition: await selectComposition({ ...common, id: "document" }),
  codec: "h264",
  crf: 21,
  x264Preset: "veryfast",
  colorSpace: "bt709",
  outputLocation: output,
});
console.log(JSON.stringify({ bundle_seconds: (bundled - begun) / 1000 }));
process.exit(0);
