import { newContext } from '@plaza/kernel/call'
import type { Exchange } from '@plaza/kernel/http'
import type { Host } from '@plaza/kernel/service'
import { archiveNotFound, privacy } from '@plaza/privacy/contract'
import type { FastifyRequest } from 'fastify'

export const archivePath = '/api/v1/exports/:token'

/** ms for each of the questions behind a download. */
const patience = 10_000
const headers = [
  'Content-Type',
  'application/gzip',
  'Content-Disposition',
  'attachment; filename="plaza-export.jsonl.gz"',
  'Cache-Control',
  'no-store',
]

/** A person's archive for whoever has its link, chunk by chunk as fast as they take it: the gateway never holds more than one. */
export function answerArchive({ call }: Pick<Host, 'call'>) {
  return async (exchange: Exchange, request: FastifyRequest): Promise<void> => {
    const { token } = request.params as { token: string }
    if (!/^[\w-]{43}$/.test(token)) throw archiveNotFound('There is no archive at this link.')
    const asking = () =>
      newContext({
        requestId: exchange.requestId,
        deadline: Date.now() + patience,
        address: exchange.address,
      })
    const archive = await call(privacy).archive({ token }, asking())
    async function* pieces() {
      for (let number = 0; number < archive.chunks; number++) {
        const { bytes } = await call(privacy).chunk({ token, number }, asking())
        yield Buffer.from(bytes, 'base64')
      }
    }
    await exchange.stream(headers, archive.bytes, pieces())
  }
}
