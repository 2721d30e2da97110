import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { type Round, runKills } from './kill-run.ts'

// npm run kill [-- --ci] [--rounds n] [--seed n]: kill -9 of Plaza under load, again and again, half of the times with its PostgreSQL;
// everything that was answered must be there, once.
const { values } = parseArgs({
  options: { ci: { type: 'boolean', default: false }, rounds: { type: 'string' }, seed: { type: 'string' } },
})
const rounds = wholeNumber('rounds', values.rounds ?? (values.ci ? '5' : '20'))
const seed = wholeNumber('seed', values.seed ?? String(randomInt(2 ** 31)))
const longest = values.ci ? 1_000 : 3_000

console.log(`${rounds} rounds, seed ${seed}: load, kill -9, start, compare\n`)
console.log('round  killed             after  answered  5xx  unanswered   ready  posts')
const began = Date.now()
let answered = 0
let slowest = 0
await runKills({ rounds, seed, longest, writers: 16 }, round => {
  answered += round.answered
  slowest = Math.max(slowest, round.readyMs)
  console.log(lineOf(round))
})
console.log(`
Nothing lost, nothing twice: ${answered} requests were answered over ${rounds} kills in ${Math.round((Date.now() - began) / 1000)} s.
fsync and synchronous_commit were on. The slowest start was ready after ${Math.round(slowest)} ms.`)

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

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,10}$/.test(text)) return Number(text)
  console.error(`--${name} must be a whole number, not ${text}.`)
  process.exit(2)
}
