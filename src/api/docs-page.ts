// The page at /docs: the OpenAPI document as HTML, with no script, no font and no request to
// anywhere else.
import { createHash } from "node:crypto";
import { html, raw } from "hono/html";
import { PROBLEM_REASONS, type ProblemReason } from "../report/problem.ts";
import { PROBLEM_REMEDIES } from "../report/problem-remedies.ts";
import { describeScope } from "./openapi.ts";
import { ERROR_CODES } from "./problem-details.ts";
import type { Answer, Parameter, Route } from "./route.ts";
import { RESPONSE_HEADERS } from "./schemas.ts";

type Html = ReturnType<typeof html>;

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2024; --soft: #60646c; --line: #e0e3e8; --page: #fff; --code: #f5f6f8; --get: #1a6fc4; --put: #b4690e; --post: #18794e; --delete: #cd2b31 }
@media (prefers-color-scheme: dark) { :root { --ink: #edeef0; --soft: #a2a8b0; --line: #2e3135; --page: #111214; --code: #1b1d20; --get: #70b8ff; --put: #ffca7a; --post: #3dd68c; --delete: #ff9592 } }
* { box-sizing: border-box }
body { margin: 0; display: grid; grid-template-columns: 17rem minmax(0, 52rem); gap: 3rem; font: 15px/1.6 system-ui, sans-serif; color: var(--ink); background: var(--page) }
nav { position: sticky; top: 0; height: 100vh; overflow: auto; padding: 2rem 1rem 2rem 1.5rem; border-right: 1px solid var(--line); font-size: 13px }
nav a { display: block; padding: .2rem 0; color: inherit; text-decoration: none; white-space: nowrap; overflow: hidden; text-overflow: ellipsis }
nav a:hover { text-decoration: underline }
main { padding: 2rem 1.5rem 6rem 0 }
a { color: var(--get) }
h1 { font-size: 1.9rem; margin: 0 } h1 small { font-size: .9rem; font-weight: 400; color: var(--soft) }
h2 { font-size: 1.2rem; margin: 3.2rem 0 .3rem; padding-top: 1.2rem; border-top: 1px solid var(--line) }
h2 code { font-size: 1.05rem; background: none }
h3 { font-size: .8rem; text-transform: uppercase; letter-spacing: .06em; color: var(--soft); margin: 1.4rem 0 .3rem }
code, pre { font: 13px/1.5 ui-monospace, monospace } code { background: var(--code); padding: .1em .3em; border-radius: 4px; overflow-wrap: anywhere }
pre { background: var(--code); border: 1px solid var(--line); border-radius: 6px; padding: .8rem 1rem; white-space: pre-wrap; overflow-wrap: anywhere } pre code { padding: 0; background: none }
table { width: 100%; border-collapse: collapse } td { vertical-align: top; padding: .45rem .8rem .45rem 0; border-top: 1px solid var(--line) } td:first-child { white-space: nowrap; width: 1% } td p { margin: 0 } .soft { color: var(--soft) }
.method { display: inline-block; min-width: 3.4rem; font: 600 12px ui-monospace, monospace; text-transform: uppercase } .get { color: var(--get) } .put { color: var(--put) } .post { color: var(--post) } .delete { color: var(--delete) }
@media (max-width: 60rem) { body { display: block } nav { position: static; height: auto; border-right: 0; border-bottom: 1px solid var(--line) } main { padding: 1.5rem } td:first-child { white-space: normal; width: 35% } }
`;

/** What the browser may load for the page: its own style, by digest, and nothing else. */
export const DOCS_CONTENT_SECURITY_POLICY =
  "default-src 'none'; style-src " +
  `'sha256-${createHash("sha256").update(STYLE).digest("base64")}'; base-uri 'none'; ` +
  "form-action 'none'; frame-ancestors 'none'";

/** Renders the page. */
export async function renderDocsPage(routes: readonly Route[], version: string): Promise<string> {
  const page = html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Rollcall API</title><style>${raw(STYLE)}</style></head>
<body>
<nav><strong>Rollcall API</strong>${routes.map((route) => html`<a href="#${anchor(route)}"><span class="method ${route.method}">${route.method}</span> ${route.path}</a>`)}<a href="#errors">Errors</a><a href="#problems">Reports that were set aside</a></nav>
<main>
<h1>Rollcall API <small>${version}</small></h1>
<p>Every host pushes one small JSON report of its own configuration; one URL returns every fresh one. Send your key in the header <code>x-api-key</code>, or as <code>Authorization: Bearer</code>. The same as a document for programs: <a href="openapi.json">/openapi.json</a>.</p>
${routes.map(renderRoute)}
<h2 id="errors">Errors</h2>
<p>An error is <code>application/problem+json</code> (RFC 9457): <code>type</code>, <code>title</code>, <code>status</code>, and <code>detail</code>, which says what to do.</p>
<table>${Object.entries(ERROR_CODES).map(([code, { status, title }]) => html`<tr><td>${status}</td><td><code>urn:rollcall:error:${code}</code></td><td>${title}</td></tr>`)}</table>
<h2 id="problems">Reports that were set aside</h2>
<p>What each reason of <a href="#get-v1-problems"><code>/v1/problems</code></a> means, and what to do.</p>
<table>${Object.entries(PROBLEM_REASONS).map(([reason, meaning]) => html`<tr id="problem-${reason}"><td><code>${reason}</code></td><td><p>${meaning}</p><p>${renderText(PROBLEM_REMEDIES[reason as ProblemReason])}</p></td></tr>`)}</table>
</main>
</body>
</html>
`;
  return String(await page);
}

function renderRoute(route: Route): Html {
  const { method, path, aliases, summary, description, scope, parameters, body, answers, errors, sample } =
    route;
  return html`<h2 id="${anchor(route)}"><span class="method ${method}">${method}</span> <code>${path}</code></h2>
<p><strong>${summary}.</strong> ${renderText(description)}</p>
${aliases ? html`<p class="soft">Also at ${aliases.map((alias) => html`<code>${alias}</code>`)}.</p>` : ""}
<p class="soft">${scope ? renderText(describeScope(scope)) : "Open to all."}</p>
<pre><code>${sample}</code></pre>
${parameters ? html`<h3>Parameters</h3><table>${parameters.map(renderParameter)}</table>` : ""}
${body ? html`<h3>Body</h3><p>${body.description}</p>` : ""}
<h3>Answers</h3><table>${Object.entries(answers).map(([status, answer]) => renderAnswer(status, answer))}${errors.length > 0 ? html`<tr><td>${errors.join(", ")}</td><td><a href="#errors">An error</a></td></tr>` : ""}</table>`;
}

function renderParameter({ name, in: place, description, schema, example, anyName }: Parameter): Html {
  const values = Array.isArray(schema.enum) ? schema.enum.join(" | ") : "";
  return html`<tr><td><code>${anyName ? "FIELD" : name}</code><br><span class="soft">${place}</span></td><td><p>${renderText(description)}</p>
${values ? html`<p class="soft">${values}</p>` : ""}${schema.default ? html`<p class="soft">Default <code>${schema.default}</code></p>` : ""}${example ? html`<p class="soft">Example <code>${example}</code></p>` : ""}</td></tr>`;
}

function renderAnswer(status: string, { description, content, headers }: Answer): Html {
  return html`<tr><td>${status}</td><td><p>${description} <span class="soft">${Object.keys(content ?? {}).join(", ")}</span></p>
${(headers ?? []).map((name) => html`<p><code>${name}</code> <span class="soft">${RESPONSE_HEADERS[name]?.description ?? ""}</span></p>`)}</td></tr>`;
}

/** Text with `code` between backticks. */
function renderText(text: string): Html[] {
  return text
    .split("`")
    .map((piece, index) => (index % 2 === 1 ? html`<code>${piece}</code>` : html`${piece}`));
}

function anchor({ method, path }: Route): string {
  return `${method}${path.replace(/[^A-Za-z0-9]+/g, "-")}`.replace(/-$/, "");
}
