import { hash } from 'node:crypto'

/** The ETag of a representation: `"<version>-<hash>"`. `If-None-Match` compares all of it, `If-Match` the version alone. */
export function etagOf(version: number, body: string): string {
  return `"${version}-${hash('sha1', body, 'base64url').slice(0, 16)}"`
}
