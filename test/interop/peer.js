// An OpenID provider that nobody here wrote (npm oidc-provider) with the paths, page fields, scopes and clients of ours, so
// that the same requests and the same person work on both. It reads its configuration from the file named by INTEROP and
// prints the port that it listens on.
import fs from 'node:fs';
import https from 'node:https';
import { randomBytes } from 'node:crypto';
import { exportJWK, generateKeyPair } from 'jose';
import { Provider, errors } from 'oidc-provider';

const config = JSON.parse(fs.readFileSync(process.env.INTEROP, 'utf8'));
const mount = '/identity';

const page = (title, body) => `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title></head><body><main>${body}</main></body></html>`;
const escape = (s) => String(s).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
const withButton = (form, name, value) => form.replace('</form>', `<button type="submit" name="${name}" value="${value}">Continue</button></form>`);

async function signingKey(alg) {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return { ...(await exportJWK(privateKey)), alg, use: 'sig', kid: alg };
}

const person = config.person;
const claims = {
  sub: person.sub, email: person.email, email_verified: true, name: person.name, updated_at: 1_700_000_000, locale: 'en', zoneinfo: 'Europe/Dublin',
  phone_number: '+353871234567', phone_number_verified: false,
};

function provider(issuer) {
  return new Provider(issuer, {
    clients: config.clients.map(({ id, secret, ...c }) => ({ client_id: id, ...(secret && { client_secret: secret }), ...c })),
    jwks: { keys: config.keys },
    findAccount: (_, id) => (id === person.sub ? { accountId: id, claims: () => claims } : undefined),
    claims: {
      openid: ['sub'], email: ['email', 'email_verified'], phone: ['phone_number', 'phone_number_verified'],
      profile: ['name', 'updated_at', 'locale', 'zoneinfo'], api: [],
    },
    scopes: ['openid', 'offline_access', 'api'],
    responseTypes: ['code', 'code id_token', 'code token', 'code id_token token', 'id_token', 'id_token token'],
    conformIdTokenClaims: true,
    allowOmittingSingleRegisteredRedirectUri: false,
    clientBasedCORS: () => true,
    cookies: { keys: [randomBytes(16).toString('hex')], long: { sameSite: 'none', secure: true } },
    enableHttpPostMethods: true,
    rotateRefreshToken: true,
    pkce: { required: (ctx, client) => client.clientAuthMethod === 'none' },
    routes: {
      authorization: '/connect/authorize', token: '/connect/token', userinfo: '/connect/userinfo', introspection: '/connect/introspect',
      revocation: '/connect/revocation', end_session: '/connect/endsession', device_authorization: '/connect/deviceauthorization',
      pushed_authorization_request: '/connect/par', jwks: '/.well-known/jwks', code_verification: '/device',
    },
    interactions: { url: (_, interaction) => `${mount}/interaction/${interaction.uid}` },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: (ctx, client, token) => token.clientId === client.clientId },
      revocation: { enabled: true },
      dPoP: { enabled: true },
      resourceIndicators: { enabled: false },
      pushedAuthorizationRequests: { enabled: true },
      deviceFlow: {
        enabled: true,
        async userCodeInputSource(ctx, form, out, err) {
          if (err) ctx.status = 400;
          ctx.body = page('Device', (err ? `<p>${escape(err.error || err.name)}</p>` : '') + withButton(form, 'continue', 'yes'));
        },
        async userCodeConfirmSource(ctx, form) { ctx.body = page('Device', withButton(withButton(form, 'decision', 'approve'), 'abort', 'yes')); },
        async successSource(ctx) { ctx.body = page('Device', '<p>Connected</p>'); },
      },
      rpInitiatedLogout: {
        enabled: true,
        async logoutSource(ctx, form) { ctx.body = page('Sign out', withButton(form, 'logout', 'yes')); },
        async postLogoutSuccessSource(ctx) { ctx.body = page('Signed out', '<p>Signed out</p>'); },
      },
    },
    renderError: async (ctx, out) => {
      ctx.type = 'html';
      ctx.body = page('Error', `<p>${escape(out.error)}</p><p>${escape(out.error_description ?? '')}</p>`);
    },
  });
}

async function form(req) {
  let body = '';
  for await (const chunk of req) body += chunk;
  return new URLSearchParams(body);
}

// interact is the sign-in and the consent: GET shows a form, POST takes it.
async function interact(op, req, res) {
  const { uid, prompt, params, grantId, session } = await op.interactionDetails(req, res);
  const here = `${mount}/interaction/${uid}`;
  const show = (status, body) => res.writeHead(status, { 'content-type': 'text/html' }).end(page('Sign in', body));
  if (prompt.name === 'login') {
    const signIn = `<form method="post" action="${here}"><input name="email" type="email"><input name="password" type="password"><button>Sign in</button></form>`;
    if (req.method !== 'POST') return show(200, signIn);
    const f = await form(req);
    if (f.get('email') !== person.email || f.get('password') !== person.password) return show(401, signIn);
    return op.interactionFinished(req, res, { login: { accountId: person.sub } }, { mergeWithLastSubmission: false });
  }
  if (req.method !== 'POST') {
    return show(200, `<form method="post" action="${here}"><button name="decision" value="approve">Allow</button><button name="decision" value="deny">Deny</button></form>`);
  }
  const f = await form(req);
  if (f.get('decision') !== 'approve') {
    return op.interactionFinished(req, res, { error: 'access_denied', error_description: 'The person said no.' }, { mergeWithLastSubmission: false });
  }
  const grant = grantId ? await op.Grant.find(grantId) : new op.Grant({ accountId: session.accountId, clientId: params.client_id });
  if (prompt.details.missingOIDCScope) grant.addOIDCScope(prompt.details.missingOIDCScope.join(' '));
  if (prompt.details.missingOIDCClaims) grant.addOIDCClaims(prompt.details.missingOIDCClaims);
  return op.interactionFinished(req, res, { consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true });
}

config.keys = [await signingKey('RS256'), await signingKey('ES256')];
let op;
let handle;
const server = https.createServer({ cert: fs.readFileSync(config.cert), key: fs.readFileSync(config.key) }, async (req, res) => {
  try {
    req.originalUrl = req.url;
    if (!req.url.startsWith(`${mount}/`)) return res.writeHead(404).end();
    if (req.url.startsWith(`${mount}/interaction/`)) return await interact(op, req, res);
    req.url = req.url.slice(mount.length);
    return handle(req, res);
  } catch (err) {
    if (!(err instanceof errors.SessionNotFound)) console.error(err);
    return res.writeHead(400, { 'content-type': 'text/html' }).end(page('Error', '<p>invalid_request</p>'));
  }
});
server.listen(0, '127.0.0.1', () => {
  const issuer = `https://localhost:${server.address().port}${mount}`;
  op = provider(issuer);
  op.on('server_error', (_, err) => console.error(err));
  handle = op.callback();
  console.log(`issuer=${issuer}`);
});
