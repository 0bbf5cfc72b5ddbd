// Stands in for the C++ part of AWS's runtime interface client, an HTTP client for the runtime API: the same calls, without a compiler.
const { request } = require("node:http");

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");

/** AWS, "Using the Lambda runtime API for custom runtimes". */
function post(path, body, headers = {}) {
  const sending = request({
    host,
    port,
    method: "POST",
    path: `/2018-06-01/runtime/invocation/${path}`,
    headers,
  });
  sending.on("error", (error) => {
    throw error;
  });
  sending.end(body);
}

module.exports = {
  initializeClient: () => undefined,
  next: () => {
    throw new Error("AWS_LAMBDA_NODEJS_USE_ALTERNATIVE_CLIENT_1 is not set");
  },
  done: (id, body) => post(`${id}/response`, body, { "content-type": "application/json" }),
  error: (id, body) =>
    post(`${id}/error`, body, {
      "content-type": "application/json",
      "lambda-runtime-function-error-type": "Handled",
    }),
};
