// The envelope around what is signed: DSSE,
// https://github.com/secure-systems-lab/dsse/blob/master/envelope.md. Pure.
import { type KeyObject, sign, verify } from "node:crypto";
import * as z from "zod";
import { parseJson } from "../report/parse-json.ts";
import { findKeyId, type PublicKey } from "./spec-key.ts";

const MAX_SIGNATURES = 10;

const ENVELOPE = z.strictObject({
  payloadType: z.string().max(200),
  payload: z.base64(),
  signatures: z
    .array(z.strictObject({ keyid: z.string().max(100), sig: z.base64().max(200) }))
    .min(1)
    .max(MAX_SIGNATURES),
});

/** Signs a payload. @param key Ed25519, private */
export function sealEnvelope(payloadType: string, payload: Buffer, key: KeyObject): Buffer {
  const signature = sign(null, encodeForSigning(payloadType, payload), key);
  const envelope: z.infer<typeof ENVELOPE> = {
    payloadType,
    payload: payload.toString("base64"),
    signatures: [{ keyid: findKeyId(key), sig: signature.toString("base64") }],
  };
  return Buffer.from(`${JSON.stringify(envelope)}\n`);
}

/**
 * Gives the payload whoever signed it, for what it says and not for what hosts should do.
 *
 * @returns undefined for what is no envelope of this type
 */
export function peekEnvelope(bytes: Buffer, payloadType: string): Buffer | undefined {
  const envelope = ENVELOPE.safeParse(parseJson(bytes)).data;
  return envelope?.payloadType === payloadType ? Buffer.from(envelope.payload, "base64") : undefined;
}

/**
 * Opens an envelope: gives the payload only if one of the keys signed it as of this type.
 *
 * @returns the payload and the key's id, or in a few words why not
 */
export function openEnvelope(
  bytes: Buffer,
  payloadType: string,
  keys: readonly PublicKey[],
): { readonly payload: Buffer; readonly keyId: string } | { readonly refusal: string } {
  const envelope = ENVELOPE.safeParse(parseJson(bytes)).data;
  if (!envelope) return { refusal: "it is no signed envelope" };
  if (envelope.payloadType !== payloadType) return { refusal: "it is of another kind" };
  const payload = Buffer.from(envelope.payload, "base64");
  const signed = encodeForSigning(payloadType, payload);
  for (const { id, key } of keys) {
    // A key id is a hint only; whoever forges an envelope may write any.
    const isSigned = envelope.signatures.some(({ sig }) =>
      verify(null, signed, key, Buffer.from(sig, "base64")),
    );
    if (isSigned) return { payload, keyId: id };
  }
  const names = envelope.signatures.map(({ keyid }) => keyid.replace(/[^0-9a-zA-Z_-]/g, "?")).join(", ");
  return { refusal: `no key that is trusted here signed it (it names ${names})` };
}

/** The payload as signatures cover it, together with its type: DSSE's PAE. */
function encodeForSigning(payloadType: string, payload: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from(`DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.length} `),
    payload,
  ]);
}
