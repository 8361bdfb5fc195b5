// npm oauth4webapi: the same protocol one step at a time, with its own checks of every answer.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { importJWK } from 'jose';
import * as oauth from 'oauth4webapi';
import { arrived, callback, checkPerson, clients, config, everything, issuer, visit } from './kit.js';

const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer));
const privateKey = await importJWK(config.privateKey, 'ES256');

const settings = Object.fromEntries(Object.entries({
  basic: (c) => oauth.ClientSecretBasic(c.secret),
  post: (c) => oauth.ClientSecretPost(c.secret),
  jwt: () => oauth.PrivateKeyJwt({ key: privateKey, kid: config.privateKey.kid }),
  public: () => oauth.None(),
}).map(([name, auth]) => {
  const c = clients[name];
  return [name, { client: { client_id: c.id, id_token_signed_response_alg: c.id_token_signed_response_alg }, auth: auth(c) }];
}));

async function authorize(client, extra = {}) {
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const nonce = oauth.generateRandomNonce();
  const parameters = new URLSearchParams({
    client_id: client.client_id, response_type: 'code', redirect_uri: callback, scope: everything, prompt: 'consent', state, nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256', ...extra,
  });
  return { parameters, verifier, state, nonce };
}

const address = (parameters) => `${as.authorization_endpoint}?${parameters}`;

describe('oauth4webapi', () => {
  it('discovery says where everything is', () => {
    for (const name of ['authorization', 'token', 'userinfo', 'introspection', 'revocation', 'end_session', 'device_authorization', 'pushed_authorization_request']) {
      assert.ok(as[`${name}_endpoint`]?.startsWith(config.issuer), name);
    }
    assert.equal(as.authorization_response_iss_parameter_supported, true);
    assert.deepEqual(as.code_challenge_methods_supported, ['S256']);
  });

  for (const [name, { client, auth }] of Object.entries(settings)) {
    it(`${name}: code + PKCE with iss, signature, nonce and age checked`, async () => {
      const { parameters, verifier, state, nonce } = await authorize(client, { max_age: '3600' });
      const back = oauth.validateAuthResponse(as, client, arrived(await visit(address(parameters))), state);
      const res = await oauth.authorizationCodeGrantRequest(as, client, auth, back, callback, verifier);
      const tokens = await oauth.processAuthorizationCodeResponse(as, client, res, { expectedNonce: nonce, maxAge: 3600, requireIdToken: true });
      await oauth.validateApplicationLevelSignature(as, res);
      const { sub } = oauth.getValidatedIdTokenClaims(tokens);
      checkPerson(await oauth.processUserInfoResponse(as, client, sub, await oauth.userInfoRequest(as, client, tokens.access_token)));

      const replay = await oauth.authorizationCodeGrantRequest(as, client, auth, back, callback, verifier);
      await assert.rejects(oauth.processAuthorizationCodeResponse(as, client, replay, { expectedNonce: nonce }), { error: 'invalid_grant' });
      const dead = await oauth.userInfoRequest(as, client, tokens.access_token).then((r) => r.status, (err) => err.status);
      assert.equal(dead, 401, 'the replay of a code ends what the code issued');
    });
  }

  for (const mode of ['fragment', 'form_post']) {
    it(`hybrid code id_token by ${mode} with c_hash checked`, async () => {
      const { client, auth } = settings.basic;
      const { parameters, verifier, state, nonce } = await authorize(client, { response_type: 'code id_token', response_mode: mode });
      const at = arrived(await visit(address(parameters)));
      const back = await oauth.validateCodeIdTokenResponse(as, client, at, nonce, state);
      const res = await oauth.authorizationCodeGrantRequest(as, client, auth, back, callback, verifier);
      const tokens = await oauth.processAuthorizationCodeResponse(as, client, res, { expectedNonce: nonce, requireIdToken: true });
      assert.ok(tokens.access_token);
    });
  }

  for (const name of ['basic', 'post', 'jwt']) {
    it(`${name}: client credentials, introspection, revocation`, async () => {
      const { client, auth } = settings[name];
      const res = await oauth.clientCredentialsGrantRequest(as, client, auth, { scope: 'api' });
      const { access_token: token } = await oauth.processClientCredentialsResponse(as, client, res);
      const look = async () => oauth.processIntrospectionResponse(as, client, await oauth.introspectionRequest(as, client, auth, token));
      assert.equal((await look()).active, true);
      await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, auth, token));
      assert.equal((await look()).active, false);
    });
  }

  it('a pushed authorization request', async () => {
    const { client, auth } = settings.post;
    const { parameters, verifier, state, nonce } = await authorize(client);
    const pushed = await oauth.processPushedAuthorizationResponse(as, client, await oauth.pushedAuthorizationRequest(as, client, auth, parameters));
    const stop = await visit(address(new URLSearchParams({ client_id: client.client_id, request_uri: pushed.request_uri })));
    const back = oauth.validateAuthResponse(as, client, arrived(stop), state);
    const res = await oauth.authorizationCodeGrantRequest(as, client, auth, back, callback, verifier);
    assert.ok((await oauth.processAuthorizationCodeResponse(as, client, res, { expectedNonce: nonce })).access_token);
    const second = await visit(address(new URLSearchParams({ client_id: client.client_id, request_uri: pushed.request_uri })));
    assert.ok(!second.url.startsWith(callback) || new URL(second.url).searchParams.has('error'), 'a pushed request works once');
  });

  it('DPoP with the client credentials and at userinfo', async () => {
    const { client, auth } = settings.public;
    const DPoP = oauth.DPoP(client, await oauth.generateKeyPair('ES256'));
    const { parameters, verifier, state, nonce } = await authorize(client);
    const back = oauth.validateAuthResponse(as, client, arrived(await visit(address(parameters))), state);
    const res = await oauth.authorizationCodeGrantRequest(as, client, auth, back, callback, verifier, { DPoP });
    const tokens = await oauth.processAuthorizationCodeResponse(as, client, res, { expectedNonce: nonce });
    assert.equal(tokens.token_type, 'dpop');
    const { sub } = oauth.getValidatedIdTokenClaims(tokens);
    const info = await oauth.userInfoRequest(as, client, tokens.access_token, { DPoP });
    checkPerson(await oauth.processUserInfoResponse(as, client, sub, info));
    const bearer = await oauth.userInfoRequest(as, client, tokens.access_token).then((r) => r.status, (err) => err.status);
    assert.equal(bearer, 401);
  });

  it('device flow: pending, then tokens', async () => {
    const { client, auth } = settings.basic;
    const device = await oauth.processDeviceAuthorizationResponse(as, client, await oauth.deviceAuthorizationRequest(as, client, auth, { scope: everything }));
    const poll = async () => oauth.processDeviceCodeResponse(as, client, await oauth.deviceCodeGrantRequest(as, client, auth, device.device_code));
    await assert.rejects(poll(), { error: 'authorization_pending' });
    const stop = await visit(device.verification_uri, { code: device.user_code });
    assert.ok(stop.status < 300, `${stop.status} ${stop.text}`);
    let tokens;
    try {
      tokens = await poll();
    } catch (err) {
      assert.equal(err.error, 'slow_down', `${err}`); // it asked again within the interval
      await new Promise((done) => setTimeout(done, ((device.interval ?? 5) + 5) * 1000));
      tokens = await poll();
    }
    assert.ok(tokens.access_token);
  });
});
