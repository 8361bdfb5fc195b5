// npm openid-client, as an application uses it.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { importJWK } from 'jose';
import * as client from 'openid-client';
import { arrived, callback, checkPerson, clients, config, everything, issuer, signedOut, visit } from './kit.js';

const privateKey = await importJWK(config.privateKey, 'ES256');
const settings = {
  basic: [clients.basic, client.ClientSecretBasic(clients.basic.secret)],
  post: [clients.post, client.ClientSecretPost(clients.post.secret)],
  jwt: [clients.jwt, client.PrivateKeyJwt({ key: privateKey, kid: config.privateKey.kid })],
  public: [clients.public, client.None()],
};

async function discover(name) {
  const [c, auth] = settings[name];
  return client.discovery(issuer, c.id, { id_token_signed_response_alg: c.id_token_signed_response_alg }, auth);
}

// request makes the parameters of an authorization request and the checks of its answer.
async function request(extra = {}) {
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const expectedState = client.randomState();
  const expectedNonce = client.randomNonce();
  return {
    parameters: {
      redirect_uri: callback, scope: everything, prompt: 'consent', state: expectedState, nonce: expectedNonce,
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier), code_challenge_method: 'S256', ...extra,
    },
    checks: { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true },
  };
}

async function signIn(c, extra, options) {
  const { parameters, checks } = await request(extra);
  const stop = await visit(client.buildAuthorizationUrl(c, parameters), options);
  return client.authorizationCodeGrant(c, arrived(stop), checks);
}

const refused = (...codes) => (err) => {
  assert.ok(codes.includes(err.error ?? err.cause?.error), `${err} ${JSON.stringify(err.cause)}, want ${codes}`);
  return true;
};

describe('openid-client', () => {
  for (const name of Object.keys(settings)) {
    it(`${name}: code + PKCE, userinfo, refresh`, async () => {
      const c = await discover(name);
      const tokens = await signIn(c);
      const claims = tokens.claims();
      assert.equal(claims.aud.length ? [claims.aud].flat()[0] : '', clients[name].id);
      assert.equal(tokens.token_type, 'bearer');
      checkPerson(await client.fetchUserInfo(c, tokens.access_token, claims.sub));

      const again = await client.refreshTokenGrant(c, tokens.refresh_token);
      assert.notEqual(again.access_token, tokens.access_token);
      assert.notEqual(again.refresh_token, tokens.refresh_token);
      checkPerson(await client.fetchUserInfo(c, again.access_token, claims.sub));
      if (config.api) {
        const res = await client.fetchProtectedResource(c, again.access_token, new URL(config.api), 'GET');
        assert.equal(res.status, 200);
      }
      await assert.rejects(client.refreshTokenGrant(c, tokens.refresh_token), refused('invalid_grant'));
      await assert.rejects(client.refreshTokenGrant(c, again.refresh_token), refused('invalid_grant'), 'a used refresh token ends its family');
    });
  }

  for (const mode of ['fragment', 'form_post']) {
    it(`hybrid code id_token by ${mode}`, async () => {
      const c = await discover('basic');
      client.useCodeIdTokenResponseType(c);
      const tokens = await signIn(c, { response_mode: mode });
      checkPerson(await client.fetchUserInfo(c, tokens.access_token, tokens.claims().sub));
    });
  }

  it('code by form_post', async () => {
    const c = await discover('basic');
    const tokens = await signIn(c, { response_mode: 'form_post' });
    assert.ok(tokens.claims().sub);
  });

  it('a refusal arrives at the client', async () => {
    const c = await discover('basic');
    await assert.rejects(signIn(c, {}, { refuse: true }), refused('access_denied'));
  });

  it('the wrong verifier is refused', async () => {
    const c = await discover('basic');
    const { parameters, checks } = await request();
    const stop = await visit(client.buildAuthorizationUrl(c, parameters));
    checks.pkceCodeVerifier = client.randomPKCECodeVerifier();
    await assert.rejects(client.authorizationCodeGrant(c, arrived(stop), checks), refused('invalid_grant'));
  });

  for (const name of ['basic', 'post', 'jwt']) {
    it(`${name}: client credentials, introspection, revocation`, async () => {
      const c = await discover(name);
      const tokens = await client.clientCredentialsGrant(c, { scope: 'api' });
      const live = await client.tokenIntrospection(c, tokens.access_token);
      assert.equal(live.active, true);
      assert.equal(live.client_id, clients[name].id);
      assert.equal(live.scope, 'api');
      await client.tokenRevocation(c, tokens.access_token);
      assert.equal((await client.tokenIntrospection(c, tokens.access_token)).active, false);
    });
  }

  for (const name of ['basic', 'jwt', 'public']) {
    it(`${name}: pushed authorization request`, async () => {
      const c = await discover(name);
      const { parameters, checks } = await request();
      const url = await client.buildAuthorizationUrlWithPAR(c, parameters);
      assert.match(url.searchParams.get('request_uri'), /^urn:/);
      const tokens = await client.authorizationCodeGrant(c, arrived(await visit(url)), checks);
      assert.ok(tokens.claims().sub);
    });
  }

  for (const name of ['basic', 'public']) {
    it(`${name}: DPoP binds the token at userinfo and at the API`, async () => {
      const c = await discover(name);
      const DPoP = client.getDPoPHandle(c, await client.randomDPoPKeyPair());
      const { parameters, checks } = await request();
      const stop = await visit(client.buildAuthorizationUrl(c, parameters));
      const tokens = await client.authorizationCodeGrant(c, arrived(stop), checks, undefined, { DPoP });
      assert.equal(tokens.token_type, 'dpop');
      const { sub } = tokens.claims();
      checkPerson(await client.fetchUserInfo(c, tokens.access_token, sub, { DPoP }));
      await assert.rejects(client.fetchUserInfo(c, tokens.access_token, sub), 'without a proof it is no bearer token');
      const other = client.getDPoPHandle(c, await client.randomDPoPKeyPair());
      await assert.rejects(client.fetchUserInfo(c, tokens.access_token, sub, { DPoP: other }), 'nor is it with the proof of another key');
      if (config.api) {
        const res = await client.fetchProtectedResource(c, tokens.access_token, new URL(config.api), 'GET', null, undefined, { DPoP });
        assert.equal(res.status, 200);
        await assert.rejects(client.fetchProtectedResource(c, tokens.access_token, new URL(config.api), 'GET'));
      }
      const again = await client.refreshTokenGrant(c, tokens.refresh_token, undefined, { DPoP });
      assert.equal(again.token_type, 'dpop');
      checkPerson(await client.fetchUserInfo(c, again.access_token, sub, { DPoP }));
    });
  }

  it('a pushed request is bound to the key of its DPoP proof', async () => {
    const c = await discover('basic');
    const DPoP = client.getDPoPHandle(c, await client.randomDPoPKeyPair());
    const { parameters, checks } = await request();
    const url = await client.buildAuthorizationUrlWithPAR(c, parameters, { DPoP });
    const at = arrived(await visit(url));
    const other = client.getDPoPHandle(c, await client.randomDPoPKeyPair());
    // RFC 9449 leaves open by which of the two.
    await assert.rejects(client.authorizationCodeGrant(c, at, checks, undefined, { DPoP: other }), refused('invalid_grant', 'invalid_dpop_proof'));
  });

  for (const name of ['basic', 'public']) {
    it(`${name}: device flow`, async () => {
      const c = await discover(name);
      const device = await client.initiateDeviceAuthorization(c, { scope: everything });
      const stop = await visit(device.verification_uri_complete);
      assert.ok(stop.status < 300, `${stop.status} ${stop.text}`);
      const tokens = await client.pollDeviceAuthorizationGrant(c, { ...device, interval: 1 });
      checkPerson(await client.fetchUserInfo(c, tokens.access_token, tokens.claims().sub));
    });
  }

  it('end session returns to the client with its state', async () => {
    const c = await discover('basic');
    const tokens = await signIn(c, {}, { who: 'leaver' });
    const url = client.buildEndSessionUrl(c, { post_logout_redirect_uri: signedOut, id_token_hint: tokens.id_token, state: 'bye' });
    const stop = await visit(url, { who: 'leaver' });
    assert.equal(stop.url, `${signedOut}?state=bye`);
    const { parameters } = await request({ prompt: 'none' });
    const after = await visit(client.buildAuthorizationUrl(c, parameters), { who: 'leaver' });
    assert.equal(arrived(after).searchParams.get('error'), 'login_required');
  });
});
