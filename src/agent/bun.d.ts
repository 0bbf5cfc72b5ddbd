// The parts of Bun that the executable uses (https://bun.sh/docs/api/ffi); the program on Node
// never comes to them.
declare module "bun:ffi" {
  /** Of three arguments: an address, a length, and a number. */
  type Call = (address: bigint, length: bigint, value: number) => number;
  interface Signature {
    readonly args: readonly ["u64", "u64", "i32"];
    readonly returns: "i32";
  }
  export function dlopen<Name extends string>(
    library: string,
    symbols: Readonly<Record<Name, Signature>>,
  ): { readonly symbols: Readonly<Record<Name, Call>>; close(): void };
}
