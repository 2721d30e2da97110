import { type Config, gatewayName } from '@plaza/kernel/config'
import type { Plaza } from './boot.ts'
import type { Database } from './database.ts'

/** What runs, where the docs are, and three lines to try. */
export function showWelcome(plaza: Plaza, config: Config): void {
  if (plaza.url === undefined) {
    const hosted = plaza.hosted.join(', ')
    console.log(`\nPlaza's ${hosted} run here, for other processes at ${plaza.rpcUrl}\n`)
    return
  }
  const url = plaza.url.replace('127.0.0.1', 'localhost')
  const services = plaza.hosted.filter(name => name !== gatewayName).join(', ')
  const rpc = plaza.rpcUrl === undefined ? '' : `\n  rpc        ${plaza.rpcUrl}, for other processes`
  console.log(`
Plaza runs at ${url}

  services   ${services || 'none: a gateway only'}${rpc}
  database   ${services === '' ? 'none of its own' : databaseLine(plaza, config)}
  docs       ${url}/docs

Try it:

  TOKEN=$(curl -s ${url}/api/v1/auth/register -H 'Content-Type: application/json' -d '{"email":"ana@example.com","username":"ana","password":"correct horse battery"}' | sed 's/.*"accessToken":"\\([^"]*\\)".*/\\1/')
  curl -s ${url}/api/v1/posts -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{"text":"Hello, #plaza!"}'
  curl -s ${url}/api/v1/timelines/home -H "Authorization: Bearer $TOKEN"

Fill it with people and posts: npm run demo    Stop: ctrl-C
`)
}

/** Where the data is. */
export function databaseLine({ postgres }: Pick<Database, 'postgres'>, config: Config): string {
  if (postgres === undefined) return 'the PostgreSQL of DATABASE_URL'
  return `PostgreSQL 18 of its own in ${config.dataFolder}${postgres.adopted ? ' (it was still running)' : ''}`
}

/** The first admin, made just now. On the terminal, never in the log. */
export interface MadeAdmin {
  readonly email: string
  readonly password: string
}

export function showAdmin({ email, password }: MadeAdmin): void {
  console.log(
    `\nThe first admin, shown once and kept nowhere in clear:\n\n  admin      ${email}, password ${password} (shown this once)`,
  )
}
