// What to do about a report that was set aside, by reason: as docs/problems.md says it, for whoever
// reads it where Rollcall serves it (/docs).
import type { ProblemReason } from "./problem.ts";

/** Text with `code` between backticks. */
export const PROBLEM_REMEDIES: Readonly<Record<ProblemReason, string>> = {
  unreadable: "give it to the server's user; write elsewhere and move it here",
  empty: "the script wrote a file before it had the report: write to another name and rename",
  too_large: "report names and versions, not contents",
  not_utf8: "convert: `iconv -f SHIFT_JIS -t UTF-8`",
  not_json: "write it with `jq -n`, not with `echo`",
  not_object: "one `{ … }`",
  too_deep: "flatten it",
  too_many_values: "report what somebody asks for: a package's name and version, not all that is known of it",
  duplicate_key: "remove one",
  forbidden_key: "rename it",
  forbidden_character: "remove it",
  missing_field: "see push.md",
  bad_update_date: "`date +%FT%T%z`",
  bad_rollcall: "it is Rollcall's own: leave it out",
  misfiled: "file it under its own id; if two machines have one id, see below",
  bad_key: "remove it from the store",
  future_dated: "set the clock of the store's machine or of the reader right",
  superseded:
    "delete the older one, or wait a day. Where several stores are read and the host reports to " +
    "both, nothing is to be done: `store` says which one lies where. If nobody changed the role, " +
    "see who may assume the other one: aws.md",
  backdated:
    "set the host's clock, or its offset; or the store was copied without its times " +
    "(stores/file.md): wait until the hosts have reported",
  clone:
    "give the copy a machine id of its own: `rm /etc/machine-id && systemd-machine-id-setup`; if " +
    "the host was rebuilt on other hardware, or its key was stolen, revoke its keys with " +
    "`rollcall keys revoke HOST_ID`",
  over_limit: "see whether the key is used by whom it is for (`rollcall keys list`); if so, raise the bound",
};
