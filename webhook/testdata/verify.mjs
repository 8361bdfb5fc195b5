// A receiver in Node, with nothing but Node's own crypto. Reads {requests: [{name, id, timestamp, signature, body (base64),
// secrets: [whsec_…], publicKeys: [whpk_…]}]} from standard input and prints, for each, which secrets and which public keys
// verify: {name, schemes: ["v1", …], secrets: [true, …], publicKeys: [false, …]}.
import { createHmac, createPublicKey, timingSafeEqual, verify } from "node:crypto";
import { readFileSync } from "node:fs";

const spkiEd25519 = Buffer.from("302a300506032b6570032100", "hex"); // what stands before the 32 bytes of a key in DER

const { requests } = JSON.parse(readFileSync(0, "utf8"));
const out = requests.map((r) => {
  const signed = Buffer.concat([Buffer.from(`${r.id}.${r.timestamp}.`), Buffer.from(r.body, "base64")]);
  const signatures = r.signature.split(" ").map((s) => s.split(",", 2));
  const of = (scheme) => signatures.filter(([s]) => s === scheme).map(([, v]) => Buffer.from(v, "base64"));
  return {
    name: r.name,
    schemes: signatures.map(([s]) => s),
    secrets: (r.secrets ?? []).map((text) => {
      const want = createHmac("sha256", Buffer.from(text.replace(/^whsec_/, ""), "base64")).update(signed).digest();
      return of("v1").some((s) => s.length === want.length && timingSafeEqual(s, want));
    }),
    publicKeys: (r.publicKeys ?? []).map((text) => {
      const der = Buffer.concat([spkiEd25519, Buffer.from(text.replace(/^whpk_/, ""), "base64")]);
      const key = createPublicKey({ key: der, format: "der", type: "spki" });
      return of("v1a").some((s) => verify(null, signed, key, s));
    }),
  };
});
process.stdout.write(JSON.stringify(out));
