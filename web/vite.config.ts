// How the page is built: files of its own origin alone, so that the policy under which it is served
// (no inline script, no inline style) holds, and addresses that work below any prefix.
import { defineConfig } from "vite";

export default defineConfig({
  base: "./",
  build: {
    outDir: "../dist/web",
    emptyOutDir: true,
    target: "es2022",
    // Nothing is put into the page as data: or as a script of its own.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    cssCodeSplit: false,
    reportCompressedSize: false,
  },
  worker: { format: "es" },
  esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
  // What libraries write for servers ("use client") is not worth a line each.
  logLevel: "error",
});
