import type { Figures } from '../measure.ts'
import { round } from '../report.ts'
import { type FirstReads, warmUp } from './first-reads.ts'
import type { mixBesidePosts, timeToEverybody } from './large-author.ts'

/** One scenario here and with Reed98. */
export interface Comparison {
  readonly id: string
  readonly title: string
  readonly large: Figures
  readonly reed98: Figures | undefined
  /** Whether both were measured in turn; else Reed98's figures are those of the last whole run. */
  readonly sameRun: boolean
}

export interface LargeReport {
  readonly size: {
    readonly people: number
    readonly posts: number
    readonly follows: number
    readonly active: number
  }
  readonly oneByOne: FirstReads
  readonly eightAtOnce: FirstReads
  readonly compared: readonly Comparison[]
  readonly mix: Awaited<ReturnType<typeof mixBesidePosts>>
  readonly author: Awaited<ReturnType<typeof timeToEverybody>>
}

/** Markdown: what was measured, and the goal. */
export function toLargeTable({ size, oneByOne, eightAtOnce, compared, mix, author }: LargeReport): string {
  const rows = [
    ...compared.map(compare),
    ...[oneByOne, eightAtOnce].map(firstRead),
    postsBesideMix(mix),
    everybody(author),
    memory(oneByOne, size.active),
  ]
  return [
    `${round(size.people)} people, ${round(size.follows)} follows, ${round(size.posts)} posts, ${round(size.active)} active people`,
    '',
    '| | measured | goal |',
    '|---|---|---|',
    ...rows.map(row => `| ${row.join(' | ')} |`),
  ].join('\n')
}

type Row = readonly [what: string, measured: string, goal: string]

function compare({ id, title, large, reed98, sameRun }: Comparison): Row {
  const ratio = reed98 === undefined ? '' : `, ${(large.perSecond / reed98.perSecond).toFixed(2)} ×`
  const beside =
    reed98 === undefined
      ? 'not measured'
      : `${figuresOf(reed98)} (${sameRun ? 'in turn' : 'the last whole run'})`
  return [`${id} ${title}, at 32`, `${figuresOf(large)}; Reed98 ${beside}${ratio}`, '≥ 0.5 ×']
}

const figuresOf = ({ perSecond, p99, errors }: Figures) =>
  `${round(perSecond)}/s, p99 ${p99.toFixed(1)} ms${errors > 0 ? ` (${errors} errors)` : ''}`

const firstRead = ({ atOnce, people, p50, p99, slowest }: FirstReads): Row => [
  `first home read after a restart, ${atOnce === 1 ? 'one by one' : `${atOnce} at a time`}`,
  `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, slowest ${slowest.toFixed(1)} ms of ${round(people)}`,
  'p99 < 300 ms',
]

const postsBesideMix = ({ before, during, posts }: LargeReport['mix']): Row => [
  `the mix at 32, before and during ${posts} posts of the large author`,
  `${figuresOf(before)} → ${figuresOf(during)} (${(during.p99 / before.p99).toFixed(2)} ×)`,
  'p99 < 2 ×',
]

const everybody = ({ posts, watchers, p50, slowest, withoutTheLast }: LargeReport['author']): Row => [
  `a post of the large author, until ${watchers} active people have it, beside the mix at 32`,
  `p50 ${p50.toFixed(0)} ms, slowest ${slowest.toFixed(0)} ms of ${posts} posts; ${withoutTheLast} people lacked the last one afterwards`,
  '< 1,000 ms, 0 people',
]

const memory = ({ memory: { before, after, perTenThousand } }: FirstReads, active: number): Row => [
  'live memory of Node for 10,000 active people',
  `${round(perTenThousand)} MB in proportion: ${before.live.toFixed(0)} → ${after.live.toFixed(0)} MB live, ${before.resident.toFixed(0)} → ${after.resident.toFixed(0)} MB resident, while all but ${warmUp} of ${round(active)} read their home; posts in memory, shared by all, end at 96 MB`,
  '',
]
