import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A TCP link to a PostgreSQL server that tests can cut at a chosen moment. */
export interface BreakableLink extends AsyncDisposable {
  /** `url`, led through this link. */
  through(url: string): string
  /** Lets `after` more answers pass; the next is cut off with its connection, though the server has done what it was asked. */
  swallowAnswer(after?: number): void
  /** Lets `after` more requests pass; the next is cut off with its connection before the server hears it. */
  swallowRequest(after?: number): void
  /** Refuses connections, and cuts those there are, until `open` is called. */
  shut(): void
  open(): void
  /** How many were cut by swallowing. */
  readonly cuts: number
}

/** Opens a link to where `url` leads. */
export async function breakableLink(url: string): Promise<BreakableLink> {
  const target = new URL(url)
  const sockets = new Set<Socket>()
  let answersLeft = Number.POSITIVE_INFINITY
  let requestsLeft = Number.POSITIVE_INFINITY
  let cuts = 0
  let isShut = false
  const server = createServer(client => {
    if (isShut) return void client.destroy()
    const upstream = connect(Number(target.port || 5432), target.hostname)
    const cut = () => {
      client.destroy()
      upstream.destroy()
    }
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', cut).on('close', () => {
        sockets.delete(socket)
        cut()
      })
    }
    client.on('data', chunk => {
      // Startup and goodbye are not what a test is about: those are the only messages whose first byte is 0 or X.
      if (chunk[0] === 0 || chunk[0] === 0x58 || requestsLeft-- > 0) return void upstream.write(chunk)
      requestsLeft = Number.POSITIVE_INFINITY
      cuts++
      cut()
    })
    upstream.on('data', chunk => {
      if (answersLeft-- > 0) return void client.write(chunk)
      answersLeft = Number.POSITIVE_INFINITY
      cuts++
      cut()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  return {
    through: original => {
      const led = new URL(original)
      led.hostname = '127.0.0.1'
      led.port = String(port)
      return led.href
    },
    swallowAnswer: (after = 0) => {
      answersLeft = after
    },
    swallowRequest: (after = 0) => {
      requestsLeft = after
    },
    shut: () => {
      isShut = true
      for (const socket of sockets) socket.destroy()
    },
    open: () => {
      isShut = false
    },
    get cuts() {
      return cuts
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
