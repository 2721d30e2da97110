import type { Config } from '@plaza/kernel/config'
import type { Plaza } from './boot.ts'

/** What runs, where the docs are, three lines to try, and the first admin's password, once. On the terminal, never in the log. */
export function showWelcome(plaza: Plaza, config: Config): void {
  const url = plaza.url.replace('127.0.0.1', 'localhost')
  const services = plaza.host.contracts.map(each => each.name).join(', ')
  const database = plaza.postgres
    ? `PostgreSQL 18 of its own in ${config.dataFolder}${plaza.postgres.adopted ? ' (it was still running)' : ''}`
    : 'the PostgreSQL of DATABASE_URL'
  console.log(`
Plaza runs at ${url}

  services   ${services}
  database   ${database}
  docs       ${url}/docs
${firstAdmin(plaza)}
Try it:

  TOKEN=$(curl -s ${url}/api/v1/auth/register -H 'Content-Type: application/json' -d '{"email":"ana@example.com","username":"ana","password":"correct horse battery"}' | sed 's/.*"accessToken":"\\([^"]*\\)".*/\\1/')
  curl -s ${url}/api/v1/posts -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{"text":"Hello, #plaza!"}'
  curl -s ${url}/api/v1/timelines/home -H "Authorization: Bearer $TOKEN"

Fill it with people and posts: npm run demo    Stop: ctrl-C
`)
}

function firstAdmin(plaza: Plaza): string {
  if (plaza.madeAdmin === undefined) return ''
  const { email, password } = plaza.madeAdmin
  return `  admin      ${email}, password ${password} (shown this once)\n`
}
