import { hash } from 'node:crypto'
import type { Handlers, Kit } from '@plaza/kernel/service'
import { archiveNotFound, type privacy } from './contract.ts'
import { findArchive, findChunk } from './export-store.ts'

/** What is kept of a link's end: 256 random bits need no slower hash, and nobody has the link by reading the table. */
export const hashOfToken = (token: string): Buffer => hash('sha256', token, 'buffer')

/** What gateways ask for whoever has a link: it is all they need to have. */
export function archiveReaders({ db }: Kit): Pick<Handlers<typeof privacy>, 'archive' | 'chunk'> {
  return {
    archive: async ({ token }) => {
      const found = await findArchive.maybe(db, { tokenHash: hashOfToken(token) })
      if (found === undefined) throw gone()
      return found
    },
    chunk: async ({ token, number }) => {
      const found = await findChunk.maybe(db, { tokenHash: hashOfToken(token), number })
      if (found === undefined) throw gone()
      return { bytes: found.bytes.toString('base64') }
    },
  }
}

const gone = () => archiveNotFound('There is no archive at this link, or it has expired: order a new one.')
