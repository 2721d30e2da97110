import { constants } from 'node:fs'
import { access, statfs } from 'node:fs/promises'
import type { Config } from '@plaza/kernel/config'
import { readConfig } from '../read-config.ts'
import { checkDatabase } from './database-findings.ts'
import { check, type Finding, report } from './finding.ts'
import { checkFleet, findFleet } from './fleet-findings.ts'

/** `plaza doctor`: looks at all that Plaza stands on and at the fleet, if one runs, and says what to do; the exit code says whether anything fails. */
export async function doctor(): Promise<void> {
  const config = readConfig()
  const fleet = await findFleet(config)
  const inFleet = fleet === undefined ? undefined : await checkFleet(fleet, config)
  const findings = [
    ...node(),
    ...(await folder(config)),
    ...(await checkDatabase(config, inFleet?.connections)),
    ...(inFleet?.findings ?? (await running(config))),
  ]
  console.log(report(findings))
  if (findings.some(each => each.state === 'fail')) process.exitCode = 1
}

function node(): Finding[] {
  const isOurs = process.versions.node.startsWith('26.')
  return [check(isOurs, `Node.js ${process.versions.node}`, 'Start Plaza by npm: it brings Node.js 26.')]
}

async function folder(config: Config): Promise<Finding[]> {
  const path = config.dataFolder
  const isWritable = await access(path, constants.W_OK).then(
    () => true,
    () => false,
  )
  const advice = 'Start Plaza once, or make the folder writable for this user.'
  if (!isWritable) return [check(false, `data folder ${path}`, advice)]
  const { bavail, bsize } = await statfs(path)
  const free = (bavail * bsize) / 2 ** 30
  const what = `data folder ${path}, ${free.toFixed(1)} GB free`
  return [check(free > 1, what, 'PostgreSQL stops when the disk is full: make room.')]
}

async function running({ host, port }: Config): Promise<Finding[]> {
  const url = `http://${host}:${port}/health/ready`
  const answer = await fetch(url, { signal: AbortSignal.timeout(3_000) }).catch(() => undefined)
  if (answer === undefined) return [{ state: 'ok', what: `no Plaza runs at ${host}:${port}` }]
  const what = `the Plaza at ${host}:${port} answers ${answer.status}`
  return [check(answer.status === 200, what, `See ${url} for what is not ready.`)]
}
