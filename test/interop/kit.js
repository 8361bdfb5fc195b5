// What the tests of the Node clients share: the provider under test and the person in front of it, who is played by the Go
// test that started Node.
import assert from 'node:assert/strict';
import fs from 'node:fs';

export const config = JSON.parse(fs.readFileSync(process.env.INTEROP, 'utf8'));
export const issuer = new URL(config.issuer);
export const { callback, signedOut } = config;
export const clients = config.clients;
export const everything = 'openid profile email phone offline_access api';

// visit sends a person with an empty browser to an address; the answer says where they ended. People of the same name
// share a browser.
export async function visit(url, options = {}) {
  const res = await fetch(`${config.driver}/visit`, { method: 'POST', body: JSON.stringify({ url: String(url), ...options }) });
  const text = await res.text();
  assert.equal(res.status, 200, text);
  return JSON.parse(text);
}

// arrived is the request that reaches a client's redirect URI.
export function arrived(stop) {
  assert.ok(stop.url.startsWith(callback), `the person ended at ${stop.url}: ${stop.status} ${stop.text ?? ''}`);
  if (!stop.form) return new URL(stop.url);
  return new Request(stop.url, {
    method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams(stop.fields),
  });
}

// checkPerson compares claims with what the person is known by.
export function checkPerson(claims) {
  assert.equal(claims.email, config.email);
  assert.equal(claims.email_verified, true);
  assert.ok(claims.sub);
}
