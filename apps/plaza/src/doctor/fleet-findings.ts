import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { makeCall, newContext } from '@plaza/kernel/call'
import type { Config } from '@plaza/kernel/config'
import { remoteCalls } from '@plaza/kernel/rpc'
import { contractDigest, type InstanceView, kernelOf } from '@plaza/kernel/service'
import { makeLogger, makeMetrics } from '@plaza/kernel/telemetry'
import { readFleetStates } from '../fleet/state-file.ts'
import { withSecret } from '../read-config.ts'
import { allContracts } from '../services.ts'
import { version } from '../version.ts'
import { besidePool } from './database-findings.ts'
import { check, type Finding } from './finding.ts'

/** Where the parts of a fleet are, by what is known here. */
interface Fleet {
  /** Base URLs of processes that are called, by service. */
  readonly addresses: ReadonlyMap<string, readonly string[]>
  readonly gateways: readonly string[]
}

interface FleetReport {
  readonly findings: readonly Finding[]
  /** Database connections that all instances together may open. */
  readonly connections: number
}

/** The fleets that run on this data folder, and what `PLAZA_URL_…` names; undefined when there is neither. */
export async function findFleet({ dataFolder, topology }: Config): Promise<Fleet | undefined> {
  const { running } = await readFleetStates(dataFolder)
  const processes = running.flatMap(each => each.processes)
  const addresses = allContracts.map(({ name }) => {
    const own = processes.flatMap(({ services, rpc }) =>
      services.includes(name) && rpc !== null ? [rpc] : [],
    )
    return [name, [...new Set([...own, ...(topology.urls.get(name) ?? [])])]] as const
  })
  const gateways = processes.flatMap(({ http }) => http ?? [])
  if (gateways.length === 0 && addresses.every(([, urls]) => urls.length === 0)) return undefined
  return { addresses: new Map(addresses), gateways }
}

/** Asks every instance at every address what it is: whether all are reached, ready and alike, and how far their clocks are apart. */
export async function checkFleet({ addresses, gateways }: Fleet, config: Config): Promise<FleetReport> {
  if (!(await hasSecret(config))) {
    const advice = 'Set PLAZA_SECRET to that of the fleet, or PLAZA_DATA to its data folder.'
    return { findings: [check(false, 'no PLAZA_SECRET to ask the fleet with', advice)], connections: 0 }
  }
  const { secret } = await withSecret(config)
  const remote = remoteCalls({
    contracts: allContracts,
    addresses,
    secret,
    name: `doctor:${process.pid}`,
    log: makeLogger({ level: 'silent', pretty: false }),
    metrics: makeMetrics(),
  })
  try {
    const asked = await Promise.all(
      allContracts.map(async ({ name }) => {
        const instances = await remote.instancesOf(name)
        return Promise.all(instances.map(each => ask(name, each.url, each.dispatcher)))
      }),
    )
    const answers = asked.flat()
    return {
      findings: [
        ...allContracts.map(({ name }) =>
          serviceFinding(
            name,
            answers.filter(each => each.service === name),
          ),
        ),
        ...answers.flatMap(faults),
        secretFinding(answers),
        sameVersions(answers),
        sameContracts(answers),
        clocks(answers),
        ...(await Promise.all(gateways.map(gatewayFinding))),
      ],
      connections: answers.reduce(
        (sum, { view }) => sum + (view === undefined ? 0 : view.connections + besidePool),
        0,
      ),
    }
  } finally {
    await remote.close()
  }
}

interface Answer {
  readonly service: string
  readonly url: string
  readonly view: InstanceView | undefined
  readonly error: (Error & { readonly code?: string }) | undefined
  /** Its clock less ours, in ms, with how far that may be wrong. */
  readonly ahead: number
  readonly uncertainty: number
}

async function ask(
  service: string,
  url: string,
  dispatcher: Parameters<typeof makeCall>[0],
): Promise<Answer> {
  const context = newContext({ requestId: 'doctor', deadline: Date.now() + 5_000 })
  const began = Date.now()
  try {
    const view = await makeCall(dispatcher)(kernelOf({ name: service })).$instance({}, context)
    const took = Date.now() - began
    const ahead = view.clock - (began + took / 2)
    return { service, url, view, error: undefined, ahead, uncertainty: took / 2 }
  } catch (error) {
    return { service, url, view: undefined, error: error as Error, ahead: 0, uncertainty: 0 }
  }
}

function serviceFinding(service: string, answers: readonly Answer[]): Finding {
  const ready = answers.filter(each => each.view?.isReady === true).length
  if (answers.length === 0)
    return check(
      false,
      `${service}: no address is known`,
      'Run plaza doctor with the PLAZA_URL_… of the fleet.',
    )
  const what = `${service}: ${ready} of ${answers.length} ${answers.length === 1 ? 'instance' : 'instances'} ready`
  return check(ready > 0, what, 'Nobody can use it: see below why.')
}

function secretFinding(answers: readonly Answer[]): Finding {
  const refused = answers.filter(isRefused).length
  const what =
    refused === 0 ? 'whoever answers accepts our PLAZA_SECRET' : `${refused} do not accept our PLAZA_SECRET`
  return check(refused === 0, what, 'Every process needs the same one.')
}

const isRefused = ({ error }: Answer) =>
  /internal token/.test(String((error?.cause as Error | undefined)?.message))

function faults(answer: Answer): Finding[] {
  const { service, url, view, error } = answer
  if (view !== undefined) {
    const advice = view.notReady.join('; ')
    return view.isReady ? [] : [{ state: 'warn', what: `${service} at ${url} is not ready`, advice }]
  }
  const advice = isRefused(answer)
    ? 'It does not accept our PLAZA_SECRET: every process needs the same one.'
    : 'Does its process run, and can this machine reach it?'
  return [check(false, `${service} at ${url}: ${error?.message}`, advice)]
}

function sameVersions(answers: readonly Answer[]): Finding {
  const versions = [...new Set([version, ...answers.flatMap(({ view }) => view?.version ?? [])])]
  if (versions.length === 1) return { state: 'ok', what: `every instance has version ${version}` }
  const advice = 'That is well while new versions replace old ones, and not for long.'
  return { state: 'warn', what: `versions differ: ${versions.join(', ')} (ours first)`, advice }
}

function sameContracts(answers: readonly Answer[]): Finding {
  const wanted = new Map(allContracts.map(each => [each.name, contractDigest(each)]))
  const others = answers.filter(
    ({ service, view }) => view !== undefined && view.contract !== wanted.get(service),
  )
  const what =
    others.length === 0
      ? 'every instance has the contracts that we have'
      : `other contracts than ours: ${others.map(({ service, url }) => `${service} at ${url}`).join(', ')}`
  return check(others.length === 0, what, 'Start them from the same code.')
}

/** Apart by more than this (ms), and tokens that live 30 s are soon refused. */
const furthestApart = 1_000

function clocks(answers: readonly Answer[]): Finding {
  const known = answers.filter(each => each.view !== undefined)
  const far = Math.max(0, ...known.map(each => Math.abs(each.ahead)))
  const uncertain = Math.max(0, ...known.map(each => each.uncertainty))
  const what = `clocks at most ${Math.round(far)} ms apart from ours (± ${Math.ceil(uncertain)} ms)`
  return check(far - uncertain < furthestApart, what, 'Let all machines set their clocks (NTP).')
}

async function gatewayFinding(url: string): Promise<Finding> {
  const answer = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(5_000) }).catch(
    () => undefined,
  )
  const what = `gateway at ${url} ${answer === undefined ? 'does not answer' : `answers ${answer.status}`}`
  return check(answer?.status === 200, what, `See ${url}/health/ready for what is not ready.`)
}

async function hasSecret({ secret, dataFolder }: Config): Promise<boolean> {
  if (secret !== undefined) return true
  return access(join(dataFolder, 'secret')).then(
    () => true,
    () => false,
  )
}
