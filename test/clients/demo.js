// What the scripts need to know of the running demo, and what no official client can do: place an order as a diner does,
// and receive webhooks as a POS does.
'use strict';

const { createHmac, randomUUID } = require('node:crypto');
const { readFileSync } = require('node:fs');
const { createServer } = require('node:http');

const demo = JSON.parse(readFileSync(process.env.COMANDA_DEMO_JSON, 'utf8'));

// placeOrder orders the named quantity of an item at the storefront, to be collected and paid in cash.
async function placeOrder(item, quantity) {
  const store = `${demo.baseUrl}/api/v1.0/${demo.appId}/storefront`;
  const basket = {
    StoreId: demo.storeId,
    DeliveryType: 'Pickup',
    PickupLocationType: 'TakeOut',
    RequestedForTime: null,
    Items: [{ MenuItemPublicId: item.PublicId, Quantity: quantity, Options: [] }],
    VoucherCode: null,
    TipAmount: 0,
    ChefNote: 'Ring the bell',
    DeliveryLocation: null,
    Contact: { Name: 'Nora Client', PhoneNumber: '+353870000001', EmailAddress: 'nora@example.com' },
    Payment: { Method: 'Cash' },
  };
  const quote = (await post(`${store}/quotes`, basket)).Data;
  const order = (await post(`${store}/orders`, { ...basket, ExpectedAmount: quote.Amount }, { 'Idempotency-Key': randomUUID() })).Data;
  return { ...order, quoted: quote.Amount };
}

// signingSecret reveals the key that signs a subscription's deliveries. The contract has no operation for it, since its
// webhooks are not signed.
async function signingSecret(subscription) {
  const url = `${demo.baseUrl}/api/v1.0/${demo.appId}/webhooks/${demo.oauthAppId}/subscriptions/${subscription}/secret`;
  const answer = await fetch(url, { headers: { Authorization: `Bearer ${demo.accessToken}` } });
  if (!answer.ok) throw new Error(`GET ${url}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()).Data;
}

// pin is the newest one in the demo's mailbox for a driver's phone, which no gateway sends text messages to.
async function pin(phone) {
  const messages = await (await fetch(`${demo.adminUrl}/mailbox?format=json`)).json();
  return messages.find(m => m.Phone === phone).Text.match(/\d{6}/)[0];
}

async function post(url, body, headers = {}) {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`POST ${url}: ${answer.status} ${text}`);
  return JSON.parse(text);
}

// Receiver is a webhook endpoint on loopback. It keeps what arrives; `until` waits for a delivery that matches.
class Receiver {
  constructor() {
    this.deliveries = [];
    this.waiting = new Set();
    this.server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8');
      request.on('data', part => (body += part));
      request.on('end', () => {
        response.writeHead(200, { 'Content-Type': 'text/plain' }).end('thanks');
        this.deliveries.push({ url: request.url, headers: request.headers, text: body, body: JSON.parse(body) });
        for (const check of this.waiting) check();
      });
    });
  }

  async start() {
    await new Promise(done => this.server.listen(0, '127.0.0.1', done));
    return `http://127.0.0.1:${this.server.address().port}`;
  }

  stop() {
    this.server.close();
    this.server.closeAllConnections();
  }

  until(what, matches, milliseconds = 20000) {
    return new Promise((found, failed) => {
      const check = () => {
        const delivery = this.deliveries.find(matches);
        if (!delivery) return;
        clearTimeout(timer);
        this.waiting.delete(check);
        found(delivery);
      };
      const timer = setTimeout(() => {
        this.waiting.delete(check);
        const seen = this.deliveries.map(d => d.body.Type ?? d.body.EventName).join(', ') || 'nothing';
        failed(new Error(`no delivery of ${what} in ${milliseconds} ms; received: ${seen}`));
      }, milliseconds);
      this.waiting.add(check);
      check();
    });
  }
}

// signature computes the Standard Webhooks signature of a delivery.
function signature(secret, delivery) {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const signed = `${delivery.headers['webhook-id']}.${delivery.headers['webhook-timestamp']}.${delivery.text}`;
  return 'v1,' + createHmac('sha256', key).update(signed).digest('base64');
}

module.exports = { pin, demo, placeOrder, Receiver, signature, signingSecret };
