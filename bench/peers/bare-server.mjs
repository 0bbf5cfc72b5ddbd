// A server of node:http alone that sends one buffer to everybody, or 304: bare-server.mjs BODY
// HEADERS_JSON
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

const [bodyFile, headersFile] = process.argv.slice(2);
const body = readFileSync(bodyFile);
const {
  connection,
  "keep-alive": keepAlive,
  date,
  "transfer-encoding": transferEncoding,
  ...rest
} = JSON.parse(readFileSync(headersFile, "utf8"));
const headers = { ...rest, "content-length": body.length };
const {
  "content-length": length,
  "content-type": type,
  "content-encoding": encoding,
  ...unchanged
} = headers;

const server = createServer((request, response) => {
  if (request.headers["if-none-match"] === headers.etag) response.writeHead(304, unchanged).end();
  else response.writeHead(200, headers).end(body);
});
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
