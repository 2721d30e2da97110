import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Takes spans over OTLP/HTTP and throws them away: sending them is a part of tracing's cost. */
export async function startCollector() {
  let requests = 0
  const server = createServer((request, response) => {
    requests++
    request.resume().on('end', () => response.setHeader('content-type', 'application/json').end('{}'))
  })
  // Longer than any run: an exporter must not meet a connection that closes.
  server.keepAliveTimeout = 3_600_000
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get requests() {
      return requests
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
