// Stands in for undici's index.js, which loads all of it: fetch, WebSocket, caches, mocks. src/backends/http.ts uses an agent and
// its requests, and they are put together here as they are there.
const Agent = require('undici/lib/dispatcher/agent.js');
const Dispatcher = require('undici/lib/dispatcher/dispatcher.js');
const api = require('undici/lib/api/index.js');

Object.assign(Dispatcher.prototype, api);

exports.Agent = Agent;

/** Of undici's `request` what is asked of it: an absolute URL, and the dispatcher that sends it. */
exports.request = (url, { dispatcher, method = 'GET', ...options }) =>
  dispatcher.request({ ...options, method, origin: url.origin, path: `${url.pathname}${url.search}` });
