// The metadata client against a real server on the loopback address: good, old, silent, absent and
// lying ones.
import { describe, expect, it } from "vitest";
import {
  type MetadataServerOptions,
  startMetadataServer,
  USUAL_METADATA,
} from "../testing/metadata-server.ts";
import { type MetadataFacts, type MetadataSource, parseIdentity, readMetadata } from "./metadata.ts";

async function read(
  options: MetadataServerOptions,
  allowV1 = false,
): Promise<{
  readonly outcome: MetadataFacts | { readonly failure: string };
  readonly requests: readonly string[];
}> {
  const server = await startMetadataServer(options);
  try {
    return {
      outcome: await readMetadata(server.source, allowV1, new AbortController().signal),
      requests: server.requests,
    };
  } finally {
    await server.close();
  }
}

function facts(outcome: MetadataFacts | { readonly failure: string }): MetadataFacts {
  if ("failure" in outcome) throw new Error(outcome.failure);
  return outcome;
}

describe("readMetadata", () => {
  it("reads all by IMDSv2, the token first", async () => {
    const { outcome, requests } = await read({});
    expect(outcome).toEqual({
      instanceId: "i-0123456789abcdef0",
      instanceType: "g4dn.2xlarge",
      lifeCycle: "ondemand",
      nameTag: "prod_service1_instance001",
      origin: { account: "123456789012", region: "ap-northeast-1" },
      unread: [],
    });
    expect(requests[0]).toBe("PUT api/token");
  });

  it("keeps spot, and a life cycle it does not know", async () => {
    for (const lifeCycle of ["spot", "capacity-block"]) {
      const { outcome } = await read({
        paths: { ...USUAL_METADATA, "meta-data/instance-life-cycle": lifeCycle },
      });
      expect(facts(outcome).lifeCycle).toBe(lifeCycle);
    }
  });

  it("takes absent tags for no failure", async () => {
    const { "meta-data/tags/instance/Name": _, ...paths } = USUAL_METADATA;
    const { outcome } = await read({ paths });
    expect(outcome).not.toHaveProperty("nameTag");
    expect(facts(outcome).unread).toEqual([]);
  });

  it("asks without a token only where that is allowed", async () => {
    const refused = await read({ mode: "v1" });
    expect(refused.outcome).toEqual({ failure: expect.stringContaining("metadata_v1: true") });
    expect(refused.requests).toEqual(["PUT api/token"]);
    const allowed = await read({ mode: "v1" }, true);
    expect(facts(allowed.outcome).instanceId).toBe("i-0123456789abcdef0");
  });

  it("asks once more after a fault of the service", async () => {
    const { outcome, requests } = await read({ faults: 1 });
    expect(facts(outcome).instanceId).toBe("i-0123456789abcdef0");
    expect(requests.slice(0, 2)).toEqual(["PUT api/token", "PUT api/token"]);
    expect((await read({ faults: 100 })).outcome).toEqual({ failure: "the metadata service answered 503" });
  });

  it("gives up on a silent service after two attempts", async () => {
    const server = await startMetadataServer({ mode: "silent" });
    let attempts = 0;
    const source: MetadataSource = {
      ...server.source,
      fetch: (...request) => {
        attempts++;
        return server.source.fetch(...request);
      },
    };
    try {
      const outcome = await readMetadata(source, false, new AbortController().signal);
      expect(outcome).toEqual({ failure: "the metadata service did not answer within 50 ms" });
      expect(attempts).toBe(2);
    } finally {
      await server.close();
    }
  });

  it("says that an absent service cannot be reached", async () => {
    const server = await startMetadataServer();
    await server.close();
    const outcome = await readMetadata(server.source, false, new AbortController().signal);
    expect(outcome).toEqual({ failure: "the metadata service could not be reached: ECONNREFUSED" });
  });

  it("believes nothing that cannot be so", async () => {
    const { outcome } = await read({
      paths: {
        "meta-data/instance-id": "../../etc/passwd",
        "meta-data/instance-type": "<script>",
        "meta-data/instance-life-cycle": "x".repeat(65),
        "meta-data/tags/instance/Name": "a\u0000b",
        "dynamic/instance-identity/document": '{"accountId":"12","region":"ap-northeast-1"}',
      },
    });
    const { origin, unread, ...rest } = facts(outcome);
    expect(rest).toEqual({});
    expect(origin).toEqual({});
    expect(unread.map(({ what }) => what)).toEqual([
      "instance_id",
      "instance_type",
      "instance_life_cycle",
      "instance_name",
      "account and region",
    ]);
  });

  it("reads no endless answer", async () => {
    const { outcome } = await read({
      paths: { ...USUAL_METADATA, "meta-data/instance-type": "x".repeat(100_000) },
    });
    expect(facts(outcome).unread).toEqual([
      { what: "instance_type", reason: "the metadata service gave more than 16384 bytes" },
    ]);
  });

  it("asks nothing once the run is over", async () => {
    const source: MetadataSource = {
      endpoint: "http://metadata.invalid",
      isGiven: true,
      fetch: () => Promise.reject(new Error("asked")),
      timeoutMs: 1000,
    };
    expect(await readMetadata(source, false, AbortSignal.abort())).toEqual({
      failure: "the metadata service was not asked",
    });
  });
});

describe("parseIdentity", () => {
  it.each(["", "[]", "null", "{", '{"accountId":1,"region":"ap-northeast-1"}'])("refuses %j", (body) => {
    expect(parseIdentity(body)).toBeUndefined();
  });
  it("takes regions of every partition", () => {
    for (const region of ["us-east-1", "us-gov-west-1", "cn-north-1", "us-iso-east-1"]) {
      expect(parseIdentity(JSON.stringify({ accountId: "123456789012", region }))).toEqual({
        account: "123456789012",
        region,
      });
    }
  });
});
