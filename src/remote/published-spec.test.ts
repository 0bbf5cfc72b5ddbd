// Published specs out of a store: none, one, and a bucket that does not tell which.
import { expect, it } from "vitest";
import { Unavailable, Unreadable } from "../store/store.ts";
import { fetchFromStore } from "./published-spec.ts";

const LIMIT = 1000;

it("takes a refusal to read for nothing published, and says so once", async () => {
  const notices: string[] = [];
  const refuse = async () => {
    throw new Unreadable("[store] [s3] cannot read: AccessDenied");
  };
  const fetch = fetchFromStore({ get: refuse }, (notice) => notices.push(notice));
  expect(await fetch("i-1", LIMIT)).toBeUndefined();
  expect(await fetch("i-1", LIMIT)).toBeUndefined();
  expect(notices).toEqual([
    expect.stringContaining("may not read it ([store] [s3] cannot read: AccessDenied)"),
  ]);
});

it("passes on other failures, and what there is", async () => {
  const notices: string[] = [];
  const body = Buffer.from("{}");
  const get = async () => ({ key: "k", etag: "e", size: 2, lastModified: 0, body });
  expect(await fetchFromStore({ get }, (notice) => notices.push(notice))("i-1", LIMIT)).toBe(body);
  const away = async () => {
    throw new Unavailable("away");
  };
  await expect(fetchFromStore({ get: away }, (notice) => notices.push(notice))("i-1", LIMIT)).rejects.toThrow(
    "away",
  );
  expect(notices).toEqual([]);
});
