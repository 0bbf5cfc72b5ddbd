// Types of jq-web (jq compiled to WebAssembly), which ships none.
declare module "jq-web" {
  interface Jq {
    /** Runs jq; undefined if it wrote nothing. Throws an Error whose message has jq's stderr. */
    raw(json: string, filter: string, flags?: readonly string[]): string | undefined;
  }
  const jq: Promise<Jq>;
  export default jq;
}
