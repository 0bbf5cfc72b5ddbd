// The collector host: who this host is, since when it runs, and what it is on EC2.
import { formatLocal, formatUpdateDate } from "../report/update-date.ts";
import type { OptionsOf } from "../specs/schema.ts";
import type { Collected, Unread } from "./collected.ts";
import type { Collector, HostAccess } from "./collector.ts";
import {
  HostIdentityError,
  isEc2,
  readAssetTag,
  readBootTime,
  readHostname,
  readMachineId,
} from "./identity.ts";
import { type MetadataFacts, readMetadata } from "./metadata.ts";
import type { JsonValue } from "./value.ts";

type Options = OptionsOf["host"];

/**
 * Rejects with HostIdentityError where the host cannot say who it is. What only EC2 knows is absent
 * elsewhere, never made up.
 */
export const hostCollector: Collector<Options> = {
  inputs: () => ({ paths: ["/etc/hostname"], globs: [] }),
  isCostly: true,

  async collect(options, host, signal): Promise<Collected> {
    const updateDate = formatUpdateDate(host.clock());
    const [bootTime, hostname, firmwareSaysEc2] = await Promise.all([
      readBootTime(host, signal),
      readHostname(host, signal),
      isEc2(host, signal),
    ]);
    const metadata = await askMetadata(options, host, firmwareSaysEc2, signal);
    const facts = metadata !== undefined && "origin" in metadata ? metadata : undefined;
    const id = await readId(options, host, firmwareSaysEc2, metadata, signal);
    const fields: readonly (readonly [string, JsonValue | undefined])[] = [
      ["update_date", updateDate],
      ["os_start_date", formatLocal(bootTime)],
      ["instance_id", id],
      ["instance_name", facts?.nameTag ?? hostname],
      ["instance_type", facts?.instanceType],
      ["instance_life_cycle", facts?.lifeCycle],
    ];
    return {
      fields: fields.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
      unread: listUnread(metadata),
      ...(facts === undefined ? {} : { origin: facts.origin }),
    };
  },
};

type Metadata = MetadataFacts | { readonly failure: string } | undefined;

/**
 * Only a host that is on EC2, or whose owner says so, sends anything: elsewhere the address may be
 * anyone's.
 */
async function askMetadata(
  options: Options,
  host: HostAccess,
  onEc2: boolean,
  signal: AbortSignal,
): Promise<Metadata> {
  if (options.metadata === "off") return undefined;
  if (options.metadata === "auto" && !onEc2 && !host.metadata.isGiven) return undefined;
  return readMetadata(host.metadata, options.metadata_v1, signal);
}

async function readId(
  options: Options,
  host: HostAccess,
  onEc2: boolean,
  metadata: Metadata,
  signal: AbortSignal,
): Promise<string> {
  const told = metadata !== undefined && "origin" in metadata ? metadata.instanceId : undefined;
  if (told !== undefined) return told;
  const tag = onEc2 || metadata !== undefined ? await readAssetTag(host, signal) : undefined;
  if (tag !== undefined) return tag;
  if (metadata === undefined) return readMachineId(host, signal);
  const reason =
    "failure" in metadata
      ? metadata.failure
      : (metadata.unread.find(({ what }) => what === "instance_id")?.reason ?? "");
  const why =
    options.metadata === "required" ? "the spec says metadata: required" : "this is an EC2 instance";
  throw new HostIdentityError(`the instance id cannot be read, and ${why}: ${reason}`);
}

function listUnread(metadata: Metadata): readonly Unread[] {
  if (metadata === undefined) return [];
  if ("origin" in metadata) return metadata.unread;
  return ["instance_type", "instance_life_cycle"].map((what) => ({ what, reason: metadata.failure }));
}
