// The parts of Bun that the executable uses (https://bun.sh/docs/api/ffi); the program on Node never comes to them.
declare module "bun:ffi" {
  type Madvise = (address: bigint, length: bigint, advice: number) => number;
  export function dlopen(
    library: string,
    symbols: { readonly madvise: { readonly args: readonly ["u64", "u64", "i32"]; readonly returns: "i32" } },
  ): { readonly symbols: { readonly madvise: Madvise }; close(): void };
}
