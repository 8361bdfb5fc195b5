// npm jose checks the tokens of the front channel where no client library does: all three hybrid types, both modes.
import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import * as jose from 'jose';
import { callback, clients, config, visit } from './kit.js';

const metadata = await (await fetch(`${config.issuer}/.well-known/openid-configuration`)).json();
const keys = jose.createRemoteJWKSet(new URL(metadata.jwks_uri));
const half = (value) => createHash('sha256').update(value).digest().subarray(0, 16).toString('base64url');

describe('jose', () => {
  for (const name of ['basic', 'post']) {
    for (const type of ['code id_token', 'code token', 'code id_token token']) {
      for (const mode of ['fragment', 'form_post']) {
        it(`${clients[name].id_token_signed_response_alg}: ${type} by ${mode}`, async () => {
          const c = clients[name];
          const nonce = randomUUID();
          const stop = await visit(`${metadata.authorization_endpoint}?${new URLSearchParams({
            client_id: c.id, response_type: type, response_mode: mode, redirect_uri: callback, scope: 'openid email api', state: 'x y&z', nonce, prompt: 'consent',
          })}`);
          assert.equal(stop.form ?? false, mode === 'form_post', `${stop.status} ${stop.text}`);
          const answer = new URLSearchParams(stop.form ? stop.fields : new URL(stop.url).hash.slice(1));
          assert.equal(answer.get('error'), null, String(answer));
          assert.equal(answer.get('state'), 'x y&z');
          // RFC 9207; the peer leaves it to the ID token where there is one.
          if (config.ours || !answer.has('id_token')) assert.equal(answer.get('iss'), config.issuer);
          assert.equal(answer.has('access_token'), type.split(' ').includes('token'));
          assert.equal(answer.has('id_token'), type.includes('id_token'));
          if (answer.has('access_token')) assert.equal(answer.get('token_type').toLowerCase(), 'bearer');
          if (!answer.has('id_token')) return;
          const { payload, protectedHeader } = await jose.jwtVerify(answer.get('id_token'), keys, { issuer: config.issuer, audience: c.id });
          assert.equal(protectedHeader.alg, c.id_token_signed_response_alg);
          assert.equal(payload.nonce, nonce);
          assert.equal(payload.c_hash, half(answer.get('code')));
          assert.equal(payload.at_hash, answer.has('access_token') ? half(answer.get('access_token')) : undefined);
        });
      }
    }
  }
});
