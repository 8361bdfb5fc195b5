// The official JavaScript client, as it comes from npm. Its index file requires a file that the package lacks, so its
// parts are required one by one.
'use strict';

const { demo } = require('./demo');
const scenario = require('./scenario');

const part = path => require('@flipdish/api-client-javascript/dist/' + path).default;
const ApiClient = part('ApiClient');

scenario('@flipdish/api-client-javascript', (baseUrl, token) => {
  const client = new ApiClient();
  client.basePath = baseUrl.replace(/\/+$/, '');
  client.authentications.oauth2.accessToken = token;
  const api = name => new (part('api/' + name))(client);
  const [stores, menus, orders, webhooks, oauth, tokens] =
    ['StoresApi', 'MenusApi', 'OrdersApi', 'WebhooksApi', 'OAuthClientsApi', 'AuthorizationTokensApi'].map(api);
  const { appId, oauthAppId } = demo;
  // Calls take a callback of (error, data, response); an error carries the status and the body that was sent.
  const body = call => new Promise((done, failed) =>
    call((error, data) => {
      if (!error) done(data);
      else failed(error.response ? { status: error.status, body: error.response.body } : error);
    }));
  return {
    getStores: (page, limit) => body(cb => stores.getStores({ page, limit }, cb)),
    getMenuById: id => body(cb => menus.getMenuById(id, cb)),
    getWebhookEventNames: () => body(cb => webhooks.getWebhookEventNames(appId, cb)),
    createWebhookSubscription: s => body(cb => webhooks.createWebhookSubscription(oauthAppId, appId, s, cb)),
    addWebhookEventName: (id, name) => body(cb => webhooks.createWebhookSubscriptionEventNames(oauthAppId, id, name, appId, cb)),
    getSubscribedEventNames: id => body(cb => webhooks.getWebhookEventNamesBySubscriptionId(oauthAppId, id, appId, cb)),
    getWebhookSubscriptions: () => body(cb => webhooks.getWebhookSubscriptions(oauthAppId, appId, {}, cb)),
    getWebhookLogs: (id, start, end, page, limit) =>
      body(cb => webhooks.getWebhookLogs(oauthAppId, id, start, end, appId, { page, limit }, cb)),
    deleteWebhookSubscription: id => body(cb => webhooks.deleteWebhookSubscription(oauthAppId, id, appId, cb)),
    getOrders: f => body(cb =>
      orders.getOrders({ physicalRestaurantId: f.stores, state: f.states, from: f.from, to: f.to, page: f.page, limit: f.limit }, cb)),
    getOrderById: id => body(cb => orders.getOrderById(id, cb)),
    acceptOrder: (id, accept) => body(cb => orders.acceptOrder(id, accept, cb)),
    rejectOrder: (id, reject) => body(cb => orders.rejectOrder(id, reject, cb)),
    dispatchOrder: id => body(cb => orders.dispatchOrder(id, cb)),
    refundOrder: (id, refund) => body(cb => orders.refundOrder(id, refund, cb)),
    getOAuthApps: () => body(cb => oauth.getOAuthApps(appId, {}, cb)),
    getOAuthClientByClientId: () => body(cb => oauth.getOAuthClientByClientId(oauthAppId, appId, cb)),
    getOAuthClientSecret: () => body(cb => oauth.getOAuthClientSecret(oauthAppId, appId, cb)),
    getOauthAccessToken: () => body(cb => oauth.getOauthAccessToken(oauthAppId, appId, cb)),
    getAuthorizationTokens: () => body(cb => tokens.getAuthorizationTokens(oauthAppId, appId, {}, cb)),
  };
});
