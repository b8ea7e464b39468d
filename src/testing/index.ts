export { startTestServer, type TestServer, type TestServerKind, type TestServerOptions } from './server.js'
