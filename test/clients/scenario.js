// What an integration does with the API, once for every official client. A client is handed over as plain functions that
// return promises of the answer's body; each step asserts on values.
'use strict';

const { after, before, describe, test } = require('node:test');
const assert = require('node:assert/strict');
const { demo, placeOrder, Receiver, signature, signingSecret } = require('./demo');

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

module.exports = function scenario(name, connect) {
  describe(name, () => {
    const client = connect(demo.baseUrl, demo.accessToken);
    const receiver = new Receiver();
    const started = new Date(Date.now() - 60_000);
    const verifyToken = `token of ${name}`;
    const names = ['order.created', 'order.accepted', 'order.rejected', 'order.refunded', 'order.dispatched'];
    let item, subscription, callback, kept, turned;

    before(async () => {
      callback = `${await receiver.start()}/hook?from=comanda&from=again`;
    });
    after(() => receiver.stop());

    test('lists the stores', async () => {
      const page = await client.getStores(1, 20);
      assert.equal(page.Page, 1);
      assert.equal(page.Limit, 20);
      assert.equal(page.TotalRecordCount, page.Data.length);
      const store = page.Data.find(s => s.StoreId === demo.storeId);
      assert.ok(store, 'the demo store is in the list');
      assert.equal(store.MenuId, demo.menuId);
      assert.equal(store.IanaTimeZone, 'Europe/Dublin');
      assert.equal(store.Currency, 'EUR');
      assert.equal(store.IsPublished, true);
      assert.ok(store.Name.length > 0);
      assert.ok(Math.abs(store.Address.Coordinates.Latitude - 53.3) < 1, 'the store is in Dublin');
    });

    test('reads the menu', async () => {
      const menu = (await client.getMenuById(demo.menuId)).Data;
      assert.equal(menu.MenuId, demo.menuId);
      assert.ok(menu.ModifiedTime instanceof Date && !Number.isNaN(menu.ModifiedTime.getTime()));
      const items = menu.MenuSections.flatMap(s => s.MenuItems);
      assert.ok(items.length >= 30, `a real menu, not ${items.length} items`);
      for (const i of items) {
        assert.match(i.PublicId, uuid);
        assert.equal(typeof i.Price, 'number');
        assert.ok(i.Name.length > 0);
      }
      const choices = items.flatMap(i => i.MenuItemOptionSets);
      assert.ok(choices.some(s => s.MinSelectCount === 1 && s.MenuItemOptionSetItems.length > 1), 'an item asks for a choice');
      item = items.find(i => i.IsAvailable && i.Price > 0 && i.MenuItemOptionSets.every(s => s.MinSelectCount === 0));
      assert.ok(item, 'an item can be ordered as it is');
    });

    test('subscribes to webhooks by event names', async () => {
      assert.ok((await client.getWebhookEventNames()).Data.includes('order.created'));
      const id = (await client.createWebhookSubscription({
        CallbackUrl: callback,
        EventNames: names.slice(0, 4),
        Enabled: true,
        VerifyToken: verifyToken,
        Version: '2',
      })).Data;
      assert.ok(Number.isInteger(id) && id > 0);
      await client.addWebhookEventName(id, names[4]);
      subscription = (await client.getWebhookSubscriptions()).Data.find(s => s.Id === id);
      assert.equal(subscription.CallbackUrl, callback, 'the address is kept byte for byte');
      assert.equal(subscription.Version, '2');
      assert.equal(subscription.Enabled, true);
      assert.equal(subscription.VerifyToken, verifyToken);
      assert.deepEqual([...(await client.getSubscribedEventNames(id)).Data].sort(), [...names].sort());
      await refused(client.addWebhookEventName(id, names[4]), 409, /order\.dispatched/);
    });

    test('lists orders by state, store and date', async () => {
      kept = await placeOrder(item, 2);
      turned = await placeOrder(item, 1);
      const page = await client.getOrders({
        stores: [demo.storeId], states: ['ReadyToProcess'], from: started, to: new Date(Date.now() + 60_000), limit: 100,
      });
      assert.ok(page.TotalRecordCount >= 2);
      const ids = page.Data.map(o => o.OrderId);
      assert.ok(ids.includes(kept.OrderId) && ids.includes(turned.OrderId));
      assert.ok(ids.indexOf(turned.OrderId) < ids.indexOf(kept.OrderId), 'newest first');
      for (const o of page.Data) {
        assert.equal(o.OrderState, 'ReadyToProcess');
        assert.equal(o.Store.Id, demo.storeId);
        assert.ok(o.PlacedTime >= started, 'placed within the range');
      }
      const none = { stores: [demo.storeId], states: ['Delivered', 'RejectedByFlipdish'], from: started };
      assert.deepEqual((await client.getOrders(none)).Data, []);
      const before = { stores: [demo.storeId], states: ['ReadyToProcess'], to: new Date('2020-01-01T00:00:00Z') };
      assert.equal((await client.getOrders(before)).TotalRecordCount, 0);
      const second = await client.getOrders({ stores: [demo.storeId], page: 2, limit: 1 });
      assert.equal(second.Page, 2);
      assert.equal(second.Limit, 1);
      assert.equal(second.Data.length, 1);
    });

    test('gets one order', async () => {
      const order = (await client.getOrderById(kept.OrderId)).Data;
      assert.equal(order.OrderId, kept.OrderId);
      assert.equal(order.OrderState, 'ReadyToProcess');
      assert.equal(order.DeliveryType, 'Pickup');
      assert.equal(order.PaymentAccountType, 'Cash');
      assert.equal(order.ChefNote, 'Ring the bell');
      assert.equal(order.Customer.Name, 'Nora Client');
      assert.equal(order.Amount, kept.quoted);
      assert.equal(order.OrderItems.length, 2, 'one line per unit');
      for (const line of order.OrderItems) {
        assert.equal(line.Name, item.Name);
        assert.equal(line.Price, item.Price);
        assert.equal(line.MenuItemPublicId, item.PublicId);
      }
      assert.equal(cents(order.OrderItemsAmount), 2 * cents(item.Price));
      await refused(client.getOrderById(2_000_000_000), 404, /.+/);
    });

    test('accepts one, and only once', async () => {
      const accepting = Date.now();
      await client.acceptOrder(kept.OrderId, { EstimatedMinutesForDelivery: 25 });
      const order = (await client.getOrderById(kept.OrderId)).Data;
      assert.equal(order.OrderState, 'AcceptedByRestaurant');
      const minutes = (order.AcceptedFor - accepting) / 60_000;
      assert.ok(minutes > 24 && minutes < 27, `promised in ${minutes} minutes`);
      await refused(client.acceptOrder(kept.OrderId, { EstimatedMinutesForDelivery: 25 }), 409, /AcceptedByRestaurant/);
    });

    test('rejects one', async () => {
      await client.rejectOrder(turned.OrderId, { RejectReason: 'TooBusy', DoNotNotifyCustomer: true });
      const order = (await client.getOrderById(turned.OrderId)).Data;
      assert.equal(order.OrderState, 'RejectedByStore');
      assert.equal(order.RejectionReason, 'TooBusy');
    });

    test('dispatches', async () => {
      await client.dispatchOrder(kept.OrderId);
      assert.equal((await client.getOrderById(kept.OrderId)).Data.OrderState, 'Dispatched');
    });

    test('refunds in part, then the rest, never more', async () => {
      const total = cents(kept.quoted);
      await client.refundOrder(kept.OrderId, { RefundAmount: 1, RefundReason: 'One was cold', NotifyCustomer: false });
      let order = (await client.getOrderById(kept.OrderId)).Data;
      assert.equal(order.RefundedAmount, 1);
      assert.equal(order.PaymentStatus, 'PartiallyRefunded');
      assert.equal(order.OrderState, 'Dispatched', 'a partial refund keeps the state');
      await refused(client.refundOrder(kept.OrderId, { RefundAmount: kept.quoted, NotifyCustomer: false }), [400, 409], /refund/i);
      await client.refundOrder(kept.OrderId, { RefundAmount: (total - 100) / 100, RefundReason: 'Both were', NotifyCustomer: false });
      order = (await client.getOrderById(kept.OrderId)).Data;
      assert.equal(order.RefundedAmount, kept.quoted);
      assert.equal(order.PaymentStatus, 'Refunded');
      assert.equal(order.OrderState, 'AcceptedAndRefunded');
    });

    test('has received each of the five events, in the order they happened', async () => {
      const about = (event, id) => d => d.body.Type === event && d.body.Body.Order.OrderId === id;
      const first = await receiver.until('order.created', about('order.created', kept.OrderId));
      assert.equal(first.url, '/hook?from=comanda&from=again');
      assert.equal(first.headers['x-verify-token'], verifyToken);
      assert.equal(first.headers['webhook-signature'], signature(await signingSecret(subscription.Id), first));
      assert.equal(first.headers['content-type'].split(';')[0], 'application/json');
      assert.equal(first.body.Body.EventName, 'order.created');
      assert.equal(first.body.Body.AppId, demo.appId);
      assert.equal(first.body.Body.Order.Amount, kept.quoted);
      assert.ok(Number.isInteger(first.body.Body.Position));
      for (const event of ['order.accepted', 'order.dispatched', 'order.refunded']) {
        await receiver.until(event, about(event, kept.OrderId));
      }
      await receiver.until('the second refund', d => about('order.refunded', kept.OrderId)(d) && d.body.Body.Order.OrderState === 'AcceptedAndRefunded');
      const rejected = await receiver.until('order.rejected', about('order.rejected', turned.OrderId));
      assert.equal(rejected.body.Body.Order.RejectionReason, 'TooBusy');
      const positions = receiver.deliveries.filter(d => d.body.Body.Order.OrderId === kept.OrderId).map(d => d.body.Body.Position);
      assert.deepEqual(positions, [...positions].sort((a, b) => a - b), 'one order keeps its sequence');
    });

    test('reads the webhook log', async () => {
      const delivered = receiver.deliveries.find(d => d.body.Type === 'order.accepted');
      const page = await eventually(
        () => client.getWebhookLogs(subscription.Id, started, new Date(Date.now() + 60_000), 1, 100),
        p => p.TotalRecordCount >= 6,
      );
      const entry = page.Data.find(l => l.RequestBody === delivered.text);
      assert.ok(entry, 'the log holds the bytes that were sent');
      assert.equal(entry.WebhookEventName, 'order.accepted');
      assert.equal(entry.WebhookSubscriptionCallbackUrl, callback);
      assert.match(entry.HttpResponseStatusCode, /200|OK/);
      assert.equal(entry.ResponseBody, 'thanks');
      assert.equal(entry.RetryCount, 0);
      assert.match(entry.FlipdishWebhookId, uuid);
      assert.equal(entry.Version, '2');
    });

    test('reads the OAuth app, its secret and an access token that works', async () => {
      const app = (await client.getOAuthClientByClientId()).Data;
      assert.equal(app.OauthAppId, demo.oauthAppId);
      assert.match(app.OauthAppId, /^\d{22}$/);
      assert.ok(app.OauthAppName.length > 0);
      assert.equal(app.AccessTokenLifetime, 3600);
      assert.ok((await client.getOAuthApps()).Data.some(a => a.OauthAppId === demo.oauthAppId));
      assert.equal((await client.getOAuthClientSecret()).Data, demo.clientSecret);
      const token = (await client.getOauthAccessToken()).Data;
      assert.notEqual(token, demo.accessToken);
      const other = connect(demo.baseUrl, token);
      assert.ok((await other.getStores(1, 20)).Data.some(s => s.StoreId === demo.storeId));
      assert.ok((await client.getAuthorizationTokens()).Data.every(t => t.ClientId === demo.oauthAppId));
    });

    test('is refused without a token, and with a wrong one', async () => {
      await refused(connect(demo.baseUrl, '').getStores(1, 20), 401, /.+/);
      await refused(connect(demo.baseUrl, 'not-a-token').getStores(1, 20), 401, /.+/);
    });

    test('works with a base path that ends in a slash', async () => {
      const page = await connect(`${demo.baseUrl}/`, demo.accessToken).getStores(1, 20);
      assert.ok(page.Data.some(s => s.StoreId === demo.storeId));
    });

    test('deletes its subscription', async () => {
      await client.deleteWebhookSubscription(subscription.Id);
      assert.ok(!(await client.getWebhookSubscriptions()).Data.some(s => s.Id === subscription.Id));
    });
  });
};

const cents = amount => Math.round(amount * 100);

// refused expects an error of a status whose message matches.
async function refused(call, status, message) {
  await assert.rejects(call, error => {
    assert.ok([].concat(status).includes(error.status), `status ${error.status}, want ${status}: ${JSON.stringify(error.body)}`);
    assert.match(error.body.Message, message);
    return true;
  });
}

// eventually repeats a read until it shows what is written by the side, such as the log of deliveries.
async function eventually(read, enough, milliseconds = 10_000) {
  const end = Date.now() + milliseconds;
  for (;;) {
    const answer = await read();
    if (enough(answer) || Date.now() > end) return answer;
    await new Promise(next => setTimeout(next, 50));
  }
}
