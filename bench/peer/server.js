// The peer: oidc-provider with opaque tokens that are stored and can be revoked, behind HTTPS. Its one client is in its
// configuration, which spares it the look-up in the database. It prints its name when it listens.
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { createRequire } from 'node:module';
import Provider from 'oidc-provider';
import { Adapter, prepare } from './adapter.js';

const { PEER_PORT, PEER_CERT, PEER_KEY, PEER_CLIENT, PEER_SECRET } = process.env;
const { version } = createRequire(import.meta.url)('oidc-provider/package.json');
const signing = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });

await prepare();
const provider = new Provider(`https://localhost:${PEER_PORT}`, {
  adapter: Adapter,
  clients: [{
    client_id: PEER_CLIENT, client_secret: PEER_SECRET, token_endpoint_auth_method: 'client_secret_basic',
    grant_types: ['client_credentials'], redirect_uris: [], response_types: [], id_token_signed_response_alg: 'ES256',
  }],
  cookies: { keys: [PEER_SECRET] },
  features: {
    clientCredentials: { enabled: true }, devInteractions: { enabled: false }, introspection: { enabled: true }, revocation: { enabled: true },
  },
  jwks: { keys: [{ ...signing, alg: 'ES256', use: 'sig' }] },
  scopes: ['openid', 'offline_access', 'api'],
  ttl: { ClientCredentials: 3600 },
});

const server = createServer({ cert: readFileSync(PEER_CERT), key: readFileSync(PEER_KEY) }, provider.callback());
server.keepAliveTimeout = 60_000;
server.listen(Number(PEER_PORT), '127.0.0.1', () => console.log(`oidc-provider ${version}`));
