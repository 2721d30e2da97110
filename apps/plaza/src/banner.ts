import { type Config, gatewayName } from '@plaza/kernel/config'
import type { Plaza } from './boot.ts'
import type { Database } from './database.ts'

/** What runs, where the docs are, three lines to try, and the first admin's password, once. On the terminal, never in the log. */
export function showWelcome(plaza: Plaza, config: Config): void {
  if (plaza.url === undefined) {
    const hosted = plaza.hosted.join(', ')
    console.log(`\nPlaza's ${hosted} run here, for other processes at ${plaza.rpcUrl}\n${firstAdmin(plaza)}`)
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
${firstAdmin(plaza)}
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

function firstAdmin(plaza: Plaza): string {
  if (plaza.madeAdmin === undefined) return ''
  const { email, password } = plaza.madeAdmin
  return `  admin      ${email}, password ${password} (shown this once)\n`
}
