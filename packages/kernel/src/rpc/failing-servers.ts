import { createServer, type Socket } from 'node:net'

/** A server of bare sockets, for the tests of what can go wrong. `onRequest` runs when a request has arrived whole. */
export async function bareServer(onRequest: (socket: Socket, body: string) => void) {
  const requests: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => {})
    let text = ''
    socket.on('data', chunk => {
      text += chunk
      const head = text.indexOf('\r\n\r\n')
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0)
      if (head < 0 || text.length < head + 4 + length) return
      const body = text.slice(head + 4)
      text = ''
      requests.push(body)
      onRequest(socket, body)
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>(resolve => server.close(() => resolve()))
    },
  }
}

/** A port of this machine where nobody listens. */
export async function closedPort(): Promise<string> {
  await using server = await bareServer(() => {})
  return server.url
}

/** The numbers of the calls in a request's body. */
export const idsOf = (body: string): number[] =>
  (JSON.parse(body) as { calls: { id: number }[] }).calls.map(call => call.id)
