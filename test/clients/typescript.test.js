// The official TypeScript client, as it comes from npm.
'use strict';

const flipdish = require('@flipdish/api-client-typescript');
const { demo } = require('./demo');
const scenario = require('./scenario');

scenario('@flipdish/api-client-typescript', (baseUrl, token) => {
  const api = name => Object.assign(new flipdish[name](baseUrl), { accessToken: token });
  const [stores, menus, orders, webhooks, oauth, tokens] =
    ['StoresApi', 'MenusApi', 'OrdersApi', 'WebhooksApi', 'OAuthClientsApi', 'AuthorizationTokensApi'].map(api);
  const { appId, oauthAppId } = demo;
  // A refusal comes as {response, body}; the body that was sent is in the response.
  const body = call => call.then(
    answer => answer.body,
    error => { throw error.response ? { status: error.response.statusCode, body: error.response.body } : error; },
  );
  return {
    getStores: (page, limit) => body(stores.getStores(undefined, page, limit)),
    getMenuById: id => body(menus.getMenuById(id)),
    getWebhookEventNames: () => body(webhooks.getWebhookEventNames(appId)),
    createWebhookSubscription: s => body(webhooks.createWebhookSubscription(oauthAppId, s, appId)),
    addWebhookEventName: (id, name) => body(webhooks.createWebhookSubscriptionEventNames(oauthAppId, id, name, appId)),
    getSubscribedEventNames: id => body(webhooks.getWebhookEventNamesBySubscriptionId(oauthAppId, id, appId)),
    getWebhookSubscriptions: () => body(webhooks.getWebhookSubscriptions(oauthAppId, appId)),
    getWebhookLogs: (id, start, end, page, limit) => body(webhooks.getWebhookLogs(oauthAppId, id, start, end, appId, page, limit)),
    deleteWebhookSubscription: id => body(webhooks.deleteWebhookSubscription(oauthAppId, id, appId)),
    getOrders: f => body(orders.getOrders(f.stores, f.states, f.from, f.to, f.page, f.limit)),
    getOrderById: id => body(orders.getOrderById(id)),
    acceptOrder: (id, accept) => body(orders.acceptOrder(id, accept)),
    rejectOrder: (id, reject) => body(orders.rejectOrder(id, reject)),
    dispatchOrder: id => body(orders.dispatchOrder(id)),
    refundOrder: (id, refund) => body(orders.refundOrder(id, refund)),
    getOAuthApps: () => body(oauth.getOAuthApps(appId)),
    getOAuthClientByClientId: () => body(oauth.getOAuthClientByClientId(oauthAppId, appId)),
    getOAuthClientSecret: () => body(oauth.getOAuthClientSecret(oauthAppId, appId)),
    getOauthAccessToken: () => body(oauth.getOauthAccessToken(oauthAppId, appId)),
    getAuthorizationTokens: () => body(tokens.getAuthorizationTokens(oauthAppId, appId)),
  };
});
