import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { type FleetRound, runFleetKills } from './fleet-run.ts'
import { type Round, runKills } from './kill-run.ts'

// npm run kill [-- --ci] [--rounds n] [--seed n]: kill -9 of Plaza under load, again and again, half of the times with its PostgreSQL;
// everything that was answered must be there, once. With --fleet: of one process of a fleet, or of its PostgreSQL, while the others go on.
const { values } = parseArgs({
  options: {
    ci: { type: 'boolean', default: false },
    fleet: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seed: { type: 'string' },
  },
})
const rounds = wholeNumber('rounds', values.rounds ?? (values.ci ? '5' : values.fleet ? '30' : '20'))
const seed = wholeNumber('seed', values.seed ?? String(randomInt(2 ** 31)))
const options = { rounds, seed, longest: values.ci ? 1_000 : 3_000, writers: 16 }
const began = Date.now()
let answered = 0
let slowest = 0
if (values.fleet) await killInFleet()
else await killAlone()

async function killAlone(): Promise<void> {
  console.log(`${rounds} rounds, seed ${seed}: load, kill -9, start, compare\n`)
  console.log('round  killed             after  answered  5xx  unanswered   ready  posts')
  await runKills(options, round => {
    note(round)
    console.log(lineOf(round))
  })
  close(`The slowest start was ready after ${Math.round(slowest)} ms.`)
}

async function killInFleet(): Promise<void> {
  console.log(
    `${rounds} rounds, seed ${seed}: load, kill -9 of one process, wait until it is back, compare\n`,
  )
  console.log(
    'round  killed                          after  answered   5xx  cut off  without it   whole  posts',
  )
  await runFleetKills(options, round => {
    note(round)
    console.log(fleetLineOf(round))
  })
  close(`The slowest time until the fleet was whole again was ${Math.round(slowest)} ms.`)
}

function note(round: { readonly answered: number; readonly readyMs: number }): void {
  answered += round.answered
  slowest = Math.max(slowest, round.readyMs)
}

function close(slowestWas: string): void {
  console.log(`
Nothing lost, nothing twice: ${answered} requests were answered over ${rounds} kills in ${Math.round((Date.now() - began) / 1000)} s.
fsync and synchronous_commit were on. ${slowestWas}`)
}

function lineOf(round: Round): string {
  const killed = `${round.withServer ? 'with PostgreSQL' : 'Plaza alone'}${round.killedInStart ? ' ×2' : ''}`
  return [
    String(round.round).padStart(5),
    killed.padEnd(18),
    `${Math.round(round.loadMs)} ms`.padStart(7),
    String(round.answered).padStart(9),
    String(round.unsure).padStart(4),
    String(round.unanswered).padStart(11),
    `${Math.round(round.readyMs)} ms`.padStart(8),
    String(round.posts).padStart(6),
  ].join(' ')
}

function fleetLineOf(round: FleetRound): string {
  return [
    String(round.round).padStart(5),
    round.victim.padEnd(30),
    `${Math.round(round.loadMs)} ms`.padStart(7),
    String(round.answered).padStart(9),
    String(round.unsure).padStart(5),
    String(round.cutOff).padStart(8),
    String(round.bystanders).padStart(11),
    `${Math.round(round.readyMs)} ms`.padStart(8),
    String(round.posts).padStart(6),
  ].join(' ')
}

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,10}$/.test(text)) return Number(text)
  console.error(`--${name} must be a whole number, not ${text}.`)
  process.exit(2)
}
