// The back office through the official TypeScript client: the main calls of each tag that a restaurant is run with. Every step
// asserts on values that it reads back.
'use strict';

const { after, before, describe, test } = require('node:test');
const assert = require('node:assert/strict');
const flipdish = require('@flipdish/api-client-typescript');
const { demo, pin, placeOrder } = require('./demo');

const { appId } = demo;

// api is a part of the client whose calls give the body of the answer, or throw an error with its status.
const api = (name, accessToken = demo.accessToken) => new Proxy(Object.assign(new flipdish[name](demo.baseUrl), { accessToken }), {
  get: (part, call) => async (...parameters) => {
    try {
      return (await part[call](...parameters)).body;
    } catch (error) {
      if (!error.response) throw error;
      throw Object.assign(new Error(JSON.stringify(error.response.body)), { status: error.response.statusCode });
    }
  },
});

// data is what an answer carries; a few of the contract's are not wrapped.
const data = async call => { const body = await call; return body?.Data ?? body; };
const refused = (call, status) => assert.rejects(call, error => error.status === status || assert.fail(error));

const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
const picture = { value: png, options: { filename: 'dish.png', contentType: 'image/png' } };

describe('menus', () => {
  const menus = api('MenusApi');
  const sections = api('MenuSectionsApi');
  const items = api('MenuSectionItemsApi');
  const sets = api('MenuOptionSetsApi');
  const options = api('MenuOptionSetItemsApi');
  let menu, section, item, set, option, rate;

  test('a menu is made, named, and listed', async () => {
    menu = await data(menus.createNewMenuForApp(appId, { Name: 'Lunch', MenuSections: [] }));
    assert.ok(Number.isInteger(menu) && menu > 0);
    await menus.setMenuName(menu, 'Lunch and early dinner');
    assert.equal(await data(menus.getMenuName(menu)), 'Lunch and early dinner');
    assert.ok((await data(menus.getMenusByAppId(appId))).some(m => m.MenuId === menu));
  });

  test('sections', async () => {
    section = (await data(sections.createMenuSection(menu, { Name: 'Pasta', IsAvailable: true }))).MenuSectionId;
    await sections.updateMenuSection(menu, section, { Description: 'Made this morning' });
    const read = await data(sections.getMenuSectionById(menu, section));
    assert.equal(read.Name, 'Pasta');
    assert.equal(read.Description, 'Made this morning');
    const copy = (await data(sections.cloneMenuSection(menu, section))).MenuSectionId;
    assert.deepEqual((await data(sections.getMenuSections(menu))).map(s => s.MenuSectionId), [section, copy]);
    await menus.menusSetItemDisplayOrders(menu, { DisplayOrders: [{ Id: copy, DisplayOrder: 0 }, { Id: section, DisplayOrder: 1 }] });
    assert.deepEqual((await data(sections.getMenuSections(menu))).map(s => s.MenuSectionId), [copy, section]);
    await sections.deleteMenuSection(menu, copy);
    await refused(sections.getMenuSectionById(menu, copy), 404);
  });

  test('items, their pictures and prices', async () => {
    item = (await data(items.createMenuSectionItem(menu, section, { Name: 'Cacio e pepe', Price: 12.5, IsAvailable: true }))).MenuItemId;
    await items.updateMenuSectionItem(menu, section, item, { Price: 13.25, Alcohol: false });
    const address = await data(items.uploadMenuSectionItemImage(menu, section, item, picture));
    const read = await data(items.getMenuItemById(menu, section, item));
    assert.equal(read.Price, 13.25);
    assert.equal(read.ImageUrl, address);
    const file = await fetch(address);
    assert.equal(file.headers.get('content-type'), 'image/png');
    assert.deepEqual(Buffer.from(await file.arrayBuffer()), png);
    await items.deleteMenuSectionItemImage(menu, section, item);
    assert.ok(!(await data(items.getMenuItemById(menu, section, item))).ImageUrl);
    const copy = (await data(items.cloneMenuSectionItem(menu, section, item))).MenuItemId;
    await items.moveMenuItem(menu, section, copy, 0);
    assert.deepEqual((await data(items.getMenuItems(menu, section))).map(i => i.MenuItemId), [copy, item]);
    await items.deleteMenuSectionItem(menu, section, copy);
    await refused(items.createMenuSectionItem(menu, section, { Name: 'Free lunch', Price: -1 }), 400);
  });

  test('option sets and their options', async () => {
    set = (await data(sets.createMenuItemOptionSet(menu, section, item, { Name: 'Cheese', MinSelectCount: 0, MaxSelectCount: 2 }))).MenuItemOptionSetId;
    option = (await data(options.addMenuItemOptionSetItem(menu, section, item, set, { Name: 'Pecorino', Price: 1.5, IsAvailable: true }))).MenuItemOptionSetItemId;
    await options.updateMenuItemOptionSetItem(menu, section, item, set, option, { Price: 2 });
    assert.equal((await data(options.getMenuItemOptionSetItemById(menu, section, item, set, option))).Price, 2);
    await sets.updateMenuItemOptionSet(menu, section, item, set, { MinSelectCount: 1 });
    const read = await data(sets.getMenuItemOptionSetById(menu, section, item, set));
    assert.equal(read.MinSelectCount, 1);
    assert.deepEqual(read.MenuItemOptionSetItems.map(o => o.Name), ['Pecorino']);
  });

  test('taxes', async () => {
    rate = (await data(menus.menusUpsertTaxRate(menu, { Name: 'VAT', Rate: 13.5 }))).TaxRateId;
    await items.setSectionItemTax(menu, section, item, rate);
    await options.setOptionSetItemTax(menu, section, item, set, option, rate);
    await menus.menusUpdateTaxType(menu, 'ExcludedFromBasePrice');
    const [tax] = await data(menus.getMenuTaxDetails(menu));
    assert.equal(tax.TaxType, 'ExcludedFromBasePrice');
    assert.deepEqual(tax.TaxRates.map(r => [r.TaxRateId, r.Rate]), [[rate, 13.5]]);
  });

  test('metadata of a store, show and hide, lock', async () => {
    await menus.setMenuItemMetadata(menu, demo.storeId, item, { Key: 'plu', Value: '4711', StoreId: demo.storeId });
    assert.equal((await data(menus.getMenuItemMetadataByKey(menu, demo.storeId, item, 'plu'))).Value, '4711');
    await menus.menusShowHideBulkItems(menu, [{ MenuElementId: item, MenuElementType: 'Item' }], false);
    assert.equal((await data(items.getMenuItemById(menu, section, item))).IsAvailable, false);
    await menus.setMenuLock(menu, true);
    await refused(menus.setMenuName(menu, 'Dinner'), 409);
    await menus.setMenuLock(menu, false);
  });

  test('a copy, and its end', async () => {
    const draft = (await data(menus.createDraftMenuFromExistingMenu(menu, 'Brunch'))).MenuId;
    const copy = await data(menus.getMenuById(draft));
    assert.equal(copy.Name, 'Brunch');
    assert.equal(copy.MenuSections[0].MenuItems[0].Name, 'Cacio e pepe');
    await menus.deleteMenu(draft);
    await refused(menus.getMenuById(draft), 404);
  });

  after(() => menus.deleteMenu(menu));
});

describe('stores', () => {
  const stores = api('StoresApi');
  const groups = api('StoreGroupsApi');
  let group, store;

  test('a group and a store in it', async () => {
    group = (await data(groups.createStoreGroup(appId, { Name: 'Cork', Currency: 'EUR' }))).StoreGroupId;
    await groups.updateStoreGroup(group, { Name: 'Cork and Kerry' });
    assert.equal((await data(groups.getStoreGroup(group))).Name, 'Cork and Kerry');
    store = (await data(stores.createStore(group, { Name: 'Patrick Street' }))).StoreId;
    await stores.updateStore(store, { PhoneNumber: '+353 21 000 0001', AllowChefNotes: true });
    await stores.updateStoreAddressForm(store, { CountryCode: 'IE', AddressFields: { Building: '1', Street: 'Patrick Street', Town: 'Cork', Postcode: 'T12 AB12' } });
    await stores.updateStoreAddressCoordinates(store, { Latitude: 51.8985, Longitude: -8.4756 });
    const read = await data(stores.getStoreById(store));
    assert.equal(read.Name, 'Patrick Street');
    assert.equal(read.AllowChefNotes, true);
    assert.equal(read.Address.Coordinates.Latitude, 51.8985);
    assert.equal(read.IanaTimeZone, 'Europe/Dublin');
  });

  test('hours, exceptions, pre-orders and lead times', async () => {
    await stores.setBusinessHours(store, 'Pickup', { DayOfWeek: 'Friday', StartTime: '17:00:00', Period: '08:00:00' });
    const friday = (await data(stores.getBusinessHours(store, 'Pickup'))).find(h => h.DayOfWeek === 'Friday');
    assert.equal(friday.StartTime, '17:00:00');
    assert.equal(friday.Period, '08:00:00');
    const made = await data(stores.createBusinessHoursOverrideByStoreId(store, {
      DeliveryType: 'Pickup', Type: 'Closed', StartTime: new Date('2030-12-25T00:00:00Z'), EndTime: new Date('2030-12-26T00:00:00Z'),
    }));
    assert.equal((await data(stores.getBusinessHoursOverrideByStoreId(store)))[0].Type, 'Closed');
    await stores.deleteBusinessHoursOverride(store, made.BusinessHoursOverrideId);
    assert.deepEqual(await data(stores.getBusinessHoursOverrideByStoreId(store)), []);
    await stores.updatePreOrderConfig(store, 'Pickup', { IntervalMinutes: 30, MaxOrderAheadDays: 7, LeadTimeMinutes: 20, IncludeAsap: true });
    assert.equal((await data(stores.getPreOrderConfig(store, 'Pickup'))).IntervalMinutes, 30);
    const preview = await data(stores.getPreOrderPreview(store, 'Pickup'));
    assert.ok(preview.length > 0, 'Friday evening has times');
    await stores.setStoreLeadTimes(store, { DispatchType: 'Collection', LeadTimeMinutes: 35 });
    assert.equal((await data(stores.getStoreLeadTimes(store))).LeadTimeMinutes.Collection, 35);
  });

  test('service charge, capacity, tips, batching', async () => {
    await stores.configureStoreServiceCharge(store, { PercentageValue: 12.5, Enabled: true });
    assert.equal((await data(stores.getStoreServiceCharge(store))).PercentageValue, 12.5);
    const capacity = api('StoreOrderCapacityApi');
    await capacity.updateStoreOrderCapacityConfig(store, 'Pickup', {
      OrderCapacityPeriods: [{ DayOfTheWeek: 'Friday', PeriodStartHour: 18, PeriodStartMinutes: 0, PeriodEndHour: 21, PeriodEndMinutes: 0, MaxOrderNumberPerStoreInterval: 4 }],
    }, appId);
    assert.equal((await data(capacity.getStoreOrderCapacity(appId, store, 'Pickup'))).OrderCapacityPeriods[0].MaxOrderNumberPerStoreInterval, 4);
    const tips = api('TipsApi');
    await tips.tipConfigUpsert(store, { IsEnabled: true, Percentages: [5, 10, 15], DefaultPercentage: 10 });
    assert.deepEqual((await data(tips.tipConfigGet(store))).Percentages, [5, 10, 15]);
    const batching = api('OrderBatchingConfigurationApi');
    await batching.post(store, { Enabled: true, BatchIntervalInSeconds: 600 });
    assert.equal((await data(batching.get(store))).BatchIntervalInSeconds, 600);
  });

  test('delivery zones', async () => {
    const zones = api('DeliveryZoneApi');
    const area = 'POLYGON((-8.5 51.88, -8.45 51.88, -8.45 51.91, -8.5 51.91, -8.5 51.88))';
    const zone = await data(zones.addDeliveryZone(store, { DeliveryFee: 1.75, MinimumDeliveryOrderAmount: 10, WellKnownText: area, IsEnabled: true }));
    assert.deepEqual([zone.DeliveryFee, zone.MinimumDeliveryOrderAmount, zone.WellKnownText, zone.IsEnabled], [1.75, 10, area, true]);
    await zones.updateDeliveryZone(store, zone.Id, { DeliveryFee: 2, WellKnownText: 'CIRCLE (-8.4756 51.8985 2000)' });
    const [read, ...others] = await data(zones.getDeliveryZones(store));
    assert.deepEqual([read.Id, read.DeliveryFee, read.WellKnownText], [zone.Id, 2, 'CIRCLE (-8.4756 51.8985 2000)']);
    assert.deepEqual(others, []);
    await refused(zones.addDeliveryZone(store, { WellKnownText: 'POLYGON((0 0, 4 4, 4 0, 0 4, 0 0))' }), 400);
    await zones.removeDeliveryZone(store, zone.Id);
    assert.deepEqual(await data(zones.getDeliveryZones(store)), []);
  });

  test('menu, publishing, a twin, the archive', async () => {
    await stores.assignMenu(store, demo.menuId);
    await stores.publishStore(store);
    assert.equal((await data(stores.getStoreById(store))).IsPublished, true);
    await stores.unpublishStore(store);
    const twin = (await data(stores.cloneStore(store, {}))).StoreId;
    assert.equal((await data(stores.getStoreById(twin))).MenuId, demo.menuId);
    await groups.assignStoresToStoreGroup(appId, group, [twin]);
    await refused(groups.removeStoreGroup(group), 409);
    await stores.archiveStore(twin);
    assert.ok(!(await data(stores.getStoresByAppId(appId))).some(s => s.StoreId === twin));
  });

  test('workflows of fulfilment', async () => {
    const workflows = api('FulfillmentStateConfigurationApi');
    const template = await data(workflows.getFulfillmentStatesConfigurationTemplate(appId));
    assert.ok(template.States.length > 2);
    const made = await data(workflows.createFulfillmentStatesConfig(appId, {
      Name: 'Kitchen to door', StoreSelectorType: 'Single', StoreIds: [store],
      States: [{ StatusId: 'Preparing', StatusName: 'Being prepared', ChangeType: 'Manual', OrderTypes: ['All'] }],
    }));
    assert.equal((await data(workflows.getFulfillmentStatesConfiguration(appId, made.ConfigurationUid))).Name, 'Kitchen to door');
    await workflows.deleteFulfillmentStatesConfig(appId, made.ConfigurationUid);
  });

  after(() => stores.archiveStore(store));
});

describe('vouchers', () => {
  const vouchers = api('VouchersApi');
  const code = `TEN-${process.pid}`;
  let voucher;

  test('is made, found and changed', async () => {
    voucher = (await data(vouchers.createVoucher(appId, {
      Code: code, VoucherType: 'PercentageDiscount', Description: 'Ten off', MaxRedemptions: 5, PercentDiscountDetails: { PercentageDiscount: 10 },
    }))).VoucherId;
    assert.equal((await data(vouchers.getVoucherByCode(appId, code))).VoucherId, voucher);
    await vouchers.updateVoucher(voucher, { Description: 'Ten off lunch' });
    assert.equal((await data(vouchers.getVoucherById(voucher))).Description, 'Ten off lunch');
    assert.ok((await data(vouchers.getVouchers(appId, undefined, undefined, [code]))).some(v => v.VoucherId === voucher));
    await refused(vouchers.createVoucher(appId, { Code: code, VoucherType: 'LumpDiscount', LumpDiscountDetails: { DiscountAmount: 1 } }), 409);
  });
});

describe('customers', () => {
  const customers = api('CustomersApi');
  const phone = `+35387${String(1_000_000 + process.pid).slice(-7)}`;
  let customer;

  test('is made, and says what it agrees to', async () => {
    customer = await data(customers.createCustomer(appId, { Name: 'Aoife Client', PhoneNumber: phone, AppType: 'TelephoneCall' }));
    assert.equal(customer.PhoneNumber, phone);
    await customers.updateCustomerById(appId, customer.CustomerId, { MarketingEnabled: true, CardOrdersEnabled: false });
    const read = await data(customers.getCustomerById(appId, customer.CustomerId));
    assert.equal(read.Name, 'Aoife Client');
    assert.equal(read.MarketingEnabled, true);
    assert.equal(read.CardOrdersEnabled, false);
    await refused(customers.createCustomer(appId, { Name: 'Twin', PhoneNumber: phone }), 409);
  });

  test('is found by its number, by an operation that the client lacks', async () => {
    const answer = await fetch(`${demo.baseUrl}/api/v1.0/${appId}/customers?phoneNumber=${encodeURIComponent(phone)}`, {
      headers: { Authorization: `Bearer ${demo.accessToken}` },
    });
    assert.deepEqual((await answer.json()).Data.Items.map(c => c.CustomerId), [customer.CustomerId]);
  });
});

describe('an order on its way', () => {
  const orders = api('OrdersApi');
  let order;

  before(async () => {
    const menu = await data(api('MenusApi').getMenuById(demo.menuId));
    const plain = menu.MenuSections.flatMap(s => s.MenuItems)
      .find(i => i.IsAvailable && i.Price > 0 && i.MenuItemOptionSets.every(o => o.MinSelectCount === 0));
    order = await placeOrder(plain, 1);
  });

  test('goes through kitchen and delivery', async () => {
    await orders.acceptOrder(order.OrderId, { EstimatedMinutesForDelivery: 25 });
    const actions = await data(orders.getFulfillmentStatusWithDetailsAndActions(order.OrderId));
    const first = actions.NextStatuses[0].Id;
    await orders.updateFulfillmentState(order.OrderId, { StatusId: first });
    assert.equal((await data(orders.getFulfillmentState(order.OrderId))).StatusId, first);
    assert.deepEqual((await data(orders.searchFulfillmentStatuses(appId, String(order.OrderId)))).map(s => s.StatusId), [first]);
    await orders.updateDeliveryInformation(order.OrderId, { Status: 'OnTheWay', TrackUrl: 'https://courier.example/7', IntegrationName: 'Courier' });
    assert.equal((await data(orders.getDeliveryInformation(order.OrderId))).TrackUrl, 'https://courier.example/7');
    assert.equal((await data(orders.getOrderById(order.OrderId))).OrderState, 'Dispatched');
  });

  test('is on the short list and on a receipt', async () => {
    const short = (await data(orders.getOrdersSummary(appId, undefined, [demo.storeId], ['Dispatched']))).find(o => o.OrderId === order.OrderId);
    assert.equal(short.Amount, order.quoted);
    const receipt = await data(api('ReceiptsApi').getReceipt(order.OrderId));
    assert.equal(receipt.PreviousOrder.OrderId, order.OrderId);
    assert.equal(receipt.PreviousOrder.TotalAmount, order.quoted);
    const payment = await data(api('PaymentsApi').getOrderPaymentInformation(order.OrderId));
    assert.equal(payment.PaymentRefundable, true, 'an accepted cash order is handed back over the counter');
    assert.deepEqual(await data(api('OrderBatchesApi').getAllOrderBatches(appId, [demo.storeId])), []);
  });
});

describe('another channel', () => {
  test('submits what it has sold, and submits it again', async () => {
    const menu = await data(api('MenusApi').getMenuById(demo.menuId));
    const dish = menu.MenuSections.flatMap(s => s.MenuItems)
      .find(i => i.IsAvailable && i.Price > 0 && i.MenuItemOptionSets.every(o => o.MinSelectCount === 0));
    const sold = {
      AppType: 'Kiosk', StoreId: demo.storeId, CurrencyCode: 'EUR', ChannelOrderId: `K-${process.pid}`, ChannelPublicOrderId: 'A17',
      OrderDateUtc: new Date(),
      Cart: { LineItems: [{ Id: dish.MenuItemId, Name: dish.Name, Quantity: 2, Price: { Amount: 7.25 } }], CartAmount: { Amount: 14.5 } },
      FulfillmentInfo: { DispatchType: 'Pickup' }, PaymentInfo: { Paid: true, PaymentType: 'Emv' },
      Contact: { FirstName: 'Kim', LastName: 'Sample', Email: 'kim.sample@example.com' }, TipAmount: 0.5,
    };
    const ingest = api('OrderIngestApi');
    const told = await data(ingest.orderIngestSubmitNewOrder(sold, appId));
    assert.equal(told.TotalPrice.Amount, 15);
    assert.equal(told.ChannelOrderId, sold.ChannelOrderId);
    assert.deepEqual(await data(ingest.orderIngestSubmitNewOrder(sold, appId)), told);
    const order = await data(api('OrdersApi').getOrderById(told.OrderId));
    assert.deepEqual(order.OrderItems.map(i => i.Price), [7.25, 7.25]);
    assert.equal(order.PaymentAccountType, 'Emv');
    assert.equal(order.AppType, 'Kiosk');
    await refused(ingest.orderIngestSubmitNewOrder({ ...sold, TipAmount: 1 }, appId), 422);
    await refused(ingest.orderIngestSubmitNewOrder({ ...sold, ChannelOrderId: 'K-none', CurrencyCode: 'USD' }, appId), 400);
  });
});

describe('drivers', () => {
  const phone = '+353201230142';
  const anybody = api('DriversApi', '');
  let driver, order, drivers;

  // call is for the operations that are not the contract's.
  const call = async (path, body) => {
    const answer = await fetch(`${demo.baseUrl}/api/v1.0/${path}`, {
      method: 'POST', body: JSON.stringify(body),
      headers: { Authorization: `Bearer ${demo.accessToken}`, 'Content-Type': 'application/json' },
    });
    assert.equal(answer.status, 200, await answer.clone().text());
    return (await answer.json()).Data;
  };

  before(async () => {
    driver = await call(`${appId}/drivers`, { Name: 'Dan Driver', PhoneNumber: phone, StoreIds: [demo.storeId] });
  });

  test('sign in with the PIN that was sent to them', async () => {
    await anybody.driversDriverRequestLoginCodeSms({ PhoneNumber: phone });
    await refused(anybody.driversDriverLogin({ PhoneNumber: phone, Code: 'abcdef' }), 401);
    const session = await data(anybody.driversDriverLogin({ PhoneNumber: phone, Code: await pin(phone) }));
    drivers = api('DriversApi', session.AccessToken);
    await refused(anybody.driversGetDriverProfile(), 401);
    assert.equal((await data(drivers.driversGetDriverProfile())).Name, 'Dan Driver');
    await drivers.driversUpdateDriverProfile({ Name: 'Dan D.' });
    assert.equal((await data(drivers.driversGetDriverProfile())).Name, 'Dan D.');
    await drivers.driversAddDriverNotificationToken({ PushNotificationsToken: 'device-1' });
    await drivers.driversRemoveDriverNotificationToken({ PushNotificationsToken: 'device-1' });
    const [place] = await data(drivers.driversGetStoresForDriver());
    assert.equal(place.StoreId, demo.storeId);
    await drivers.driversSetDriverPresenceForStore(demo.storeId, 'Online');
    assert.equal((await data(drivers.driversGetStoresForDriver()))[0].Presence, 'Online');
  });

  test('bring an order to its customer', async () => {
    const menu = await data(api('MenusApi').getMenuById(demo.menuId));
    const dish = menu.MenuSections.flatMap(s => s.MenuItems)
      .find(i => i.IsAvailable && i.Price > 0 && i.MenuItemOptionSets.every(o => o.MinSelectCount === 0));
    const { OrderId } = await data(api('OrderIngestApi').orderIngestSubmitNewOrder({
      StoreId: demo.storeId, ChannelOrderId: `D-${process.pid}`, Cart: { LineItems: [{ Id: dish.MenuItemId, Quantity: 2 }] },
      FulfillmentInfo: { DispatchType: 'Delivery', DispatchAmount: { Amount: 2.5 }, Location: { AddressLine1: '1 Sample Street', City: 'Dublin' } },
      PaymentInfo: { Paid: true }, Contact: { FirstName: 'Kim', Email: 'kim.sample@example.com' },
    }, appId));
    const orders = api('OrdersApi');
    await orders.acceptOrder(OrderId, { EstimatedMinutesForDelivery: 30 });
    await refused(drivers.driversUpdateDeliveryTrackingStatus(424242, 'Accepted'), 404);
    await call(`orders/${OrderId}/driver`, { DriverId: driver.DriverId });
    for (const status of ['Accepted', 'Carrying', 'ArrivedAtLocation', 'Delivered']) {
      await drivers.driversUpdateDeliveryTrackingStatus(OrderId, status);
      assert.equal((await data(orders.getOrderById(OrderId))).DeliveryTrackingStatus, status);
    }
    assert.equal((await data(orders.getOrderById(OrderId))).OrderState, 'Delivered');
    await refused(drivers.driversUpdateDeliveryTrackingStatus(OrderId, 'Carrying'), 409);
  });
});

describe('the brand', () => {
  test('and its app', async () => {
    const apps = api('AppsApi');
    const app = await data(apps.getApp(appId));
    assert.equal(app.AppId, appId);
    assert.equal(await data(apps.getAppName(appId)), app.Name);
    assert.ok((await data(apps.getSupportedCountries())).some(c => c.CountryCode === 'IE'));
  });

  test('and what happened in it', async () => {
    const events = api('EventsApi');
    const found = await data(events.getStoreEvents(appId, demo.storeId, 10, 1));
    assert.ok(Object.keys(found).length > 0);
  });

  test('is alive', async () => {
    assert.ok(await api('HeartbeatApi').ping());
  });
});
