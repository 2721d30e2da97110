import { type Db, sql } from '@plaza/kernel/data'
import type { Check } from '@plaza/kernel/service'

const perPart = 200
/** Sums in another order differ by less; a voice that is missing among a million makes 1e-6. */
const tolerance = 1e-7

/** What trends is what its voices say. */
export function trendingCheck(db: Db): Check {
  return {
    promise:
      'the score of what trends is the sum of its voices, a person has one, and tags count their posts',
    look: async after => {
      const rows = await compare.all(db, { after: after ?? '', limit: perPart })
      return {
        checked: rows.length,
        breaches: rows.flatMap(row => {
          const detail = differences(row)
          return detail === '' ? [] : [{ id: row.subject, detail }]
        }),
        next: rows.length < perPart ? null : rows.at(-1)!.subject,
      }
    },
  }
}

function differences(row: Compared): string {
  const found: string[] = []
  const isScore = row.score === row.summed || Math.abs(row.score - row.summed) < tolerance
  if (!isScore) found.push(`has score ${row.score}, its voices sum up to ${row.summed}`)
  if (row.people_count !== row.people)
    found.push(`counts ${row.people_count} people, and has voices of ${row.people}`)
  if (row.post_count !== row.posts) found.push(`counts ${row.post_count} posts, and has ${row.posts}`)
  return found.join('; ')
}

type Compared = Awaited<ReturnType<typeof compare.all>>[number]

const compare = sql({
  name: 'timelines.compare-trends',
  params: { after: 'text', limit: 'int4' },
  row: {
    subject: 'text',
    score: 'float8',
    people_count: 'int4',
    post_count: 'int4',
    summed: 'float8',
    people: 'int4',
    posts: 'int4',
  },
})`
  select t.subject, t.score, t.people_count, t.post_count, said.score as summed, said.people,
    (select count(*) from tag_posts p where starts_with(t.subject, '#') and p.tag = substr(t.subject, 2))::int4 as posts
  from (
    select *
    from trends
    where subject > ${'after'} and gone_at is null
    order by subject
    limit ${'limit'}
  ) t
  cross join lateral voices_sum(t.subject) said
  order by t.subject`
