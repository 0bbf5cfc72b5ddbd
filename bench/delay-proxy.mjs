// A TCP proxy that holds what the server sends back for some ms, as a network would: node
// bench/delay-proxy.mjs TARGET_PORT MS. Prints its port.
import { connect, createServer } from "node:net";

const [target, ms] = process.argv.slice(2).map(Number);
const server = createServer({ noDelay: true }, (client) => {
  const upstream = connect({ port: target, host: "127.0.0.1", noDelay: true });
  client.on("data", (bytes) => upstream.write(bytes));
  upstream.on("data", (bytes) => setTimeout(() => client.writable && client.write(bytes), ms));
  const end = () => {
    client.destroy();
    upstream.destroy();
  };
  client.on("error", end);
  upstream.on("error", end);
  client.on("close", () => upstream.destroy());
  upstream.on("close", () => setTimeout(() => client.end(), ms));
});
server.listen(0, "127.0.0.1", 4096, () => console.log(server.address().port));
