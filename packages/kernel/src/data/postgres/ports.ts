import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'
import { StartError } from './start-error.ts'

/** A port of 127.0.0.1 that nobody listens on, below those the system gives to outgoing connections. */
export async function findFreePort(): Promise<number> {
  for (let tries = 0; tries < 50; tries++) {
    const port = randomInt(20_000, 32_000)
    if (await isFreePort(port)) return port
  }
  throw new StartError(
    'No free port was found on 127.0.0.1 between 20000 and 32000 for PostgreSQL to listen on.',
  )
}

export function isFreePort(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}
