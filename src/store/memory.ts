// The memory driver: a store that ends with the process. Tests and the demo fleet use it.
import { createHash } from "node:crypto";
import type { Clock } from "../report/clock.ts";
import {
  checkKey,
  type Entry,
  PreconditionFailed,
  type Store,
  type StoredObject,
  TooLarge,
} from "./store.ts";

const PAGE = 1000;

export interface MemoryStoreOptions {
  readonly clock: Clock;
}

/** Makes an empty store. */
export function memoryStore({ clock }: MemoryStoreOptions): Store {
  const objects = new Map<string, StoredObject>();

  return {
    location: "memory:",

    async put(key, body, options = {}) {
      checkKey(key);
      const existing = objects.get(key);
      if (options.ifNoneMatch && existing)
        throw new PreconditionFailed(`[store] [memory] ${key} exists already`);
      if (options.ifMatch !== undefined && existing?.etag !== options.ifMatch) {
        throw new PreconditionFailed(`[store] [memory] ${key} is not the object expected`);
      }
      const copy = Buffer.from(body);
      const etag = createHash("sha256").update(copy).digest("hex").slice(0, 32);
      const object = { key, etag, size: copy.length, lastModified: clock(), body: copy };
      objects.set(key, object);
      return toEntry(object);
    },

    async get(key, { maxBytes, signal }) {
      checkKey(key);
      signal?.throwIfAborted();
      const object = objects.get(key);
      if (object && object.size > maxBytes)
        throw new TooLarge(`[store] [memory] ${key} has ${object.size} bytes, more than ${maxBytes}`);
      return object && { ...object, body: Buffer.from(object.body) };
    },

    async *list(prefix, { after = "", upTo, shallow = false, signal } = {}) {
      const keys = [...objects.keys()].filter(
        (key) =>
          key.startsWith(prefix) &&
          key > after &&
          (upTo === undefined || key <= upTo) &&
          !(shallow && key.includes("/", prefix.length)),
      );
      keys.sort();
      for (let at = 0; at < keys.length; at += PAGE) {
        signal?.throwIfAborted();
        const page = keys.slice(at, at + PAGE).flatMap((key) => objects.get(key) ?? []);
        if (page.length > 0) yield page.map(toEntry);
      }
    },

    async delete(key) {
      checkKey(key);
      objects.delete(key);
    },

    async expire(prefix, before, { shallow = false } = {}) {
      const old = [...objects.values()].filter(
        ({ key, lastModified }) =>
          lastModified < before && key.startsWith(prefix) && !(shallow && key.includes("/", prefix.length)),
      );
      for (const { key } of old) objects.delete(key);
      return old.length;
    },
  };
}

function toEntry({ key, etag, size, lastModified }: StoredObject): Entry {
  return { key, etag, size, lastModified };
}
