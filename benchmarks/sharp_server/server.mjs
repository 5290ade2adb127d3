// The least server that converts images with sharp: multipart in, image out, nothing else.
// No key, no limits, no sandbox, everything in memory: what Telecine's price is measured by.
import { createServer } from 'node:http';
import busboy from 'busboy';
import sharp from 'sharp';

// Every picture of the benchmark is the same; sharp must not answer from its cache.
sharp.cache(false);

function readForm(request) {
  return new Promise((resolve, reject) => {
    const fields = {};
    const chunks = [];
    const form = busboy({ headers: request.headers });
    form.on('file', (_name, stream) => stream.on('data', (chunk) => chunks.push(chunk)));
    form.on('field', (name, value) => { fields[name] = value; });
    form.on('close', () => resolve({ fields, file: Buffer.concat(chunks) }));
    form.on('error', reject);
    request.pipe(form);
  });
}

const server = createServer(async (request, response) => {
  try {
    const { fields, file } = await readForm(request);
    const image = await sharp(file)
      .autoOrient()
      .resize({ width: Number(fields.width), fit: 'inside' })
      .toFormat(fields.format, { quality: Number(fields.quality ?? 80) })
      .toBuffer();
    response.writeHead(200, { 'content-type': `image/${fields.format}` });
    response.end(image);
  } catch (error) {
    response.writeHead(422);
    response.end(String(error));
  }
});

server.listen(0, '127.0.0.1', () => {
  const versions = { node: process.versions.node, ...sharp.versions };
  console.log(JSON.stringify({ port: server.address().port, versions, concurrency: sharp.concurrency() }));
});
