import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Contract } from '@plaza/kernel/contract'
import { type Exchange, errorCodesOf, type OpenApi, statusOf } from '@plaza/kernel/http'
import type { FastifyRequest } from 'fastify'

type Page = (exchange: Exchange, request: FastifyRequest) => Promise<void>

// Scripts only from files of ours; Swagger UI styles its elements inline and shows small pictures from data.
const pageSecurity = [
  'Content-Security-Policy',
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options',
  'nosniff',
  'Referrer-Policy',
  'no-referrer',
  'Cross-Origin-Opener-Policy',
  'same-origin',
]

/** The reader at `/docs`, with all it needs: it works without a network. By path. */
export function docsPages(contracts: readonly Contract[], openApi: OpenApi): Readonly<Record<string, Page>> {
  const swagger = dirname(fileURLToPath(import.meta.resolve('swagger-ui-dist/package.json')))
  const here = join(import.meta.dirname, '..', 'docs')
  const file = (folder: string, name: string, type: string) => page(type, () => readFile(join(folder, name)))
  return {
    '/docs': file(here, 'index.html', 'text/html; charset=utf-8'),
    '/docs/start.js': file(here, 'start.js', 'text/javascript; charset=utf-8'),
    '/docs/plaza.css': file(here, 'plaza.css', 'text/css; charset=utf-8'),
    '/docs/swagger-ui-bundle.js': file(swagger, 'swagger-ui-bundle.js', 'text/javascript; charset=utf-8'),
    '/docs/swagger-ui.css': file(swagger, 'swagger-ui.css', 'text/css; charset=utf-8'),
    '/docs/favicon.png': file(swagger, 'favicon-32x32.png', 'image/png'),
    '/docs/errors': page('text/html; charset=utf-8', async () => Buffer.from(errorsPage(contracts))),
    '/openapi.json': page('application/json', async () => Buffer.from(JSON.stringify(openApi))),
  }
}

/** Made and compressed when it is first asked for; plain for who does not say that they take gzip, such as curl. */
function page(type: string, make: () => Promise<Buffer>): Page {
  let made: Promise<{ readonly plain: Buffer; readonly gzip: Buffer }> | undefined
  const headers = ['Content-Type', type, 'Cache-Control', 'no-cache', 'Vary', 'Accept-Encoding']
  return async (exchange, request) => {
    made ??= make().then(async plain => ({ plain, gzip: await compress(plain, { level: 9 }) }))
    const { plain, gzip } = await made
    if (takesGzip(request)) exchange.write(200, [...headers, 'Content-Encoding', 'gzip'], gzip, pageSecurity)
    else exchange.write(200, headers, plain, pageSecurity)
  }
}

function takesGzip({ raw }: FastifyRequest): boolean {
  return /\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/i.test(String(raw.headers['accept-encoding'] ?? ''))
}

const compress = promisify(gzip) as (content: Buffer, options: { level: number }) => Promise<Buffer>

function errorsPage(contracts: readonly Contract[]): string {
  const rows = errorCodesOf(contracts).map(
    code => `<tr id="${code.code}"><td><a href="#${code.code}"><code>${code.code}</code></a></td>
<td>${statusOf(code)}</td><td>${escapeHtml(code.title)}</td></tr>`,
  )
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Plaza: error codes</title>
<link rel="stylesheet" href="/docs/plaza.css">
<link rel="icon" href="/docs/favicon.png">
<header><a href="/docs"><b>Plaza</b> API</a></header>
<main>
<h1>Error codes</h1>
<p>Every failure is a <a href="https://www.rfc-editor.org/rfc/rfc9457">problem</a> of type <code>application/problem+json</code>;
its <code>code</code> is one of these and stays what it is. <code>detail</code> says what was wrong this time.</p>
<table><thead><tr><th>Code</th><th>Status</th><th>Meaning</th></tr></thead><tbody>
${rows.join('\n')}
</tbody></table>
</main>
</html>
`
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
