import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { openDatabase } from './database.ts'

/** A message of PostgreSQL's protocol: https://www.postgresql.org/docs/current/protocol-message-formats.html */
function message(type: string, body: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.length + 4)
  return Buffer.concat([Buffer.from(type), length, body])
}

const welcome = message('R', Buffer.alloc(4))
const ready = message('Z', Buffer.from('I'))
const goodbye = message('E', Buffer.from('SFATAL\0C57P01\0Mterminating connection\0\0'))

test('a server that says goodbye in the packet of its greeting fails a transaction, and ends no process', async () => {
  const server = createServer(socket =>
    socket.once('data', () => socket.end(Buffer.concat([welcome, ready, goodbye]))),
  ).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const db = openDatabase({ url: `postgres://nobody@127.0.0.1:${port}/nowhere`, schema: 'posts' })
  try {
    await assert.rejects(
      db.transaction(async () => {}),
      { code: 'unavailable' },
    )
  } finally {
    await db.close()
    server.close()
  }
})
