// The files of jq-web (jq compiled to WebAssembly), as Bun hands them over: the path of each within
// the executable.
declare module "jq-web/*" {
  const path: string;
  export default path;
}
