// Tests of what the file driver says when the file system refuses.
import { expect, it } from "vitest";
import { explainFileError } from "./file-error.ts";

const refusal = (code: string, syscall: string) =>
  Object.assign(new Error(`${code}: of the test, ${syscall}`), { code, syscall });

// exFAT by FUSE, as mount.exfat-fuse of Debian 12 has it: EPERM for the one, ENOSYS for the other.
it.each([
  ["EPERM", "link", "has no hard links"],
  ["EOPNOTSUPP", "link", "has no hard links"],
  ["ENOSYS", "symlink", "has no symbolic links"],
  ["EPERM", "open", "does not permit it"],
  ["EDQUOT", "write", "quota is used up"],
])("%s of %s(2): %s", (code, syscall, words) => {
  const told = explainFileError(refusal(code, syscall), "write", "/store/a.json");
  expect((told as Error).message).toMatch(`cannot write /store/a.json: ${code}: `);
  expect((told as Error).message).toContain(words);
});
