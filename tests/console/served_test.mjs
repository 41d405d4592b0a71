// How the console is served: what a browser may keep, may run and may be told, and that every page's address works.
import assert from 'node:assert/strict';
import { test } from 'node:test';

const asset_of = (page) => /\/console\/assets\/[^"]+\.js/.exec(page)[0];

export function served(markets) {
  test('every page has the policy, and is asked for anew', async () => {
    for (const path of ['/', '/console', '/console/orders', '/console/accounts/a.b', '/console/orders/x']) {
      const answer = await fetch(markets.open.url + path);
      assert.equal(answer.status, 200, path);
      assert.match(answer.headers.get('content-type'), /^text\/html/);
      assert.match(answer.headers.get('content-security-policy'), /default-src 'self'/);
      assert.doesNotMatch(answer.headers.get('content-security-policy'), /unsafe/);
      assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
      assert.equal(answer.headers.get('referrer-policy'), 'no-referrer');
      assert.doesNotMatch(answer.headers.get('cache-control'), /immutable/);
      assert.doesNotMatch(await answer.text(), /<script>|https?:\/\//);
    }
  });

  test('assets are kept for ever, are compressed, and small', async () => {
    const page = await (await fetch(markets.open.url)).text();
    const url = markets.open.url + asset_of(page);
    const compressed = await fetch(url, { headers: { 'Accept-Encoding': 'br, gzip' } });
    assert.equal(compressed.headers.get('content-encoding'), 'gzip');
    assert.equal(compressed.headers.get('vary'), 'Accept-Encoding');
    assert.match(compressed.headers.get('cache-control'), /immutable/);
    assert.doesNotMatch(compressed.headers.get('cache-control'), /no-store/);
    assert.match(compressed.headers.get('content-type'), /^text\/javascript/);
    assert.ok(Number(compressed.headers.get('content-length')) < 150_000);
    const plain = await fetch(url, { headers: { 'Accept-Encoding': 'identity' } });
    assert.equal(plain.headers.get('content-encoding'), null);
    assert.equal(await plain.text(), await compressed.text());
  });

  test('what is not there is a problem, never the page', async () => {
    for (const path of ['/console/assets/no-such.js', '/console/robots.txt', '/elsewhere']) {
      const answer = await fetch(markets.open.url + path);
      assert.equal(answer.status, 404, path);
      assert.match(answer.headers.get('content-type'), /problem\+json/);
    }
  });
}
